import StackMake
import Support
import Testing

@testable import Targets

@Suite struct OtherKindsTests {
  private static let layout = "layout:\n    web  flavor=m1.tiny meta.tier=front\n    db   image=debian-13 zone=nova\n"

  // MARK: - image-validated

  @Test func namesAreTheManifestOfTheImages() throws {
    let world = try KindWorld(Self.layout)
    #expect(
      world.manifest("image-validated").entries == [
        ManifestEntry("server web", "image=debian-12 flavor=m1.tiny"),
        ManifestEntry("server db", "image=debian-13 flavor=m1.small zone=nova"),
      ])
  }

  @Test func whatNamesResolveToIsTheOutput() async throws {
    let world = try KindWorld(Self.layout)
    let kind = ImageValidatedKind(cluster: world.cluster)
    let turn = world.turn("image-validated")
    #expect(kind.decide(turn.situation) == .run([.act("validate")]))
    try await kind.apply("validate", turn)
    let outputs = kind.outputs(turn)
    #expect(outputs["image of db"] == "id-of-debian-13 sum-13")
    #expect(outputs["flavor of web"] == "m1.tiny")
    #expect(outputs["zone of web"] == "nova")
    #expect(outputs.count == 8)
    let seen = try await kind.observe([world.target("image-validated")], in: world.graph)
    let observation = try #require(seen?[world.target("image-validated")])
    #expect(observation == Observation(values: outputs))
    #expect(kind.predict(world.turn("image-validated", observation: observation).situation) == outputs)
    #expect(kind.predict(turn.situation) == nil)
  }

  @Test func everyProblemIsToldAtOnce() async throws {
    let world = try KindWorld(
      "layout:\n    web  flavor=huge\n    db   image=debian-1\n    mail flavor=huge\n")
    let kind = ImageValidatedKind(cluster: world.cluster)
    let error = await #expect(throws: StepError.self) {
      try await kind.apply("validate", world.turn("image-validated"))
    }
    #expect(
      error?.description == """
        validate what the layout asks for: image-validated: no flavor called `huge` (web)
            no image called `debian-1` (db)
            no flavor called `huge` (mail)
        """)
    let seen = try await kind.observe([world.target("image-validated")], in: world.graph)
    #expect(seen?.values.first?.problem?.contains("no flavor called `huge` (web)") == true)
  }

  @Test(
    arguments: [
      (nil, nil),
      (Observation(values: ["image of web": "a 1", "flavor of web": "f"]), nil),
      (
        Observation(values: ["image of web": "b 2", "flavor of web": "f"]),
        .drift(what: "image of web", old: "a 1", new: "b 2")
      ),
      (
        Observation(values: ["flavor of web": "f"], problem: "no image called `x`"),
        .drift(what: "what the cloud offers", old: "all names resolved", new: "no image called `x`")
      ),
      (Observation(values: ["image of new": "a 1"]), nil),
    ] as [(Observation?, StaleReason?)])
  func aNameWithANewIDIsDrift(_ seen: Observation?, _ reason: StaleReason?) throws {
    let world = try KindWorld(Self.layout)
    let trace = world.trace("image-validated", outputs: ["image of web": "a 1", "flavor of web": "f"])
    #expect(ImageValidatedKind(cluster: world.cluster).drift(trace, seen) == reason)
  }

  // MARK: - layout

  @Test func theLayoutIsItsServersWithTheirSettings() async throws {
    let world = try KindWorld(Self.layout)
    let kind = LayoutKind()
    let turn = world.turn("layout")
    #expect(kind.decide(turn.situation) == .run([.act("settle")]))
    try await kind.apply("settle", turn)
    let outputs = [
      "web": "flavor=m1.tiny image=debian-12 meta.tier=front user=stack",
      "db": "flavor=m1.small image=debian-13 user=stack zone=nova",
    ]
    #expect(kind.outputs(turn) == outputs)
    #expect(kind.predict(turn.situation) == outputs)
    #expect(
      world.manifest("layout").entries == [
        ManifestEntry("server web", outputs["web"]!), ManifestEntry("server db", outputs["db"]!),
      ])
    #expect(world.cloud.log == [])
  }

  /// What a name resolved to makes neither the layout nor a server another one, and one server's line no other's.
  @Test(arguments: ["layout", "server/web"]) func heedsNothingOfTheLayout(name: String) throws {
    let world = try KindWorld(Self.layout)
    let kind = try #require(world.kinds[world.graph.kind(world.target(name))])
    for dependency in world.graph.dependencies(world.target(name), for: .staleness) {
      #expect(!kind.heeds("anything", of: dependency, in: world.graph))
    }
  }

  // MARK: - stacked

  struct StackedCase: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var recipe = ["once echo a", "echo b"]
    var builtRecipe: [String]?
    var builtGeneration = 1
    var isBuilt = true
    var predicted: [String: String]?
  }

  @Test(arguments: [
    StackedCase(testDescription: "never built", isBuilt: false, predicted: nil),
    StackedCase(
      testDescription: "a later step changed", builtRecipe: ["once echo a", "echo old"],
      predicted: ["generation": "1", "run": "3"]),
    StackedCase(testDescription: "the once step changed: locked", builtRecipe: ["once echo old", "echo b"]),
    StackedCase(testDescription: "another generation runs once again", builtGeneration: 0, predicted: nil),
    StackedCase(
      testDescription: "a second once step", recipe: ["once echo a", "once echo b"], builtRecipe: ["once echo a"],
      predicted: nil),
  ])
  func aLaterStepChangesNothingForDependents(_ test: StackedCase) throws {
    func world(_ recipe: [String]) throws -> KindWorld {
      try KindWorld("layout:\n    web\nstacked/web:\n" + recipe.map { "    \($0)\n" }.joined())
    }
    let now = try world(test.recipe)
    let trace = try world(test.builtRecipe ?? test.recipe).trace(
      "stacked/web", generation: test.builtGeneration,
      outputs: ["generation": String(test.builtGeneration), "run": "3"])
    let turn = now.turn("stacked/web", trace: test.isBuilt ? trace : nil)
    #expect(StackedKind().predict(turn.situation) == test.predicted)
  }

  @Test func theRunOfTheOnceStepIsKept() throws {
    let world = try KindWorld("layout:\n    web\nstacked/web:\n    once echo a\n    echo b\n")
    let trace = world.trace("stacked/web", outputs: ["generation": "1", "run": "3"])
    #expect(StackedKind().outputs(world.turn("stacked/web", trace: trace)) == ["generation": "1", "run": "3"])
    #expect(StackedKind().outputs(world.turn("stacked/web")) == ["generation": "1", "run": "7"])
  }
}

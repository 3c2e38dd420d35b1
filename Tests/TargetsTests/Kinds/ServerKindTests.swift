import StackMake
import Support
import Testing

@testable import Targets

@Suite struct ServerKindTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What the layout says of the server.
    var settings = ""
    var recipe = ["echo a", "echo b"]
    /// Settings and recipe of the build on record, where they differ; without a record `isBuilt` is false.
    var builtSettings: String?
    var builtRecipe: [String]?
    var isBuilt = true
    var seen: Observation? = ServerKindTests.seen()
    /// Steps of a build that didn't end, as they are now.
    var progress: [(number: Int, state: StepRecord.State)] = []
    var isForced = false
    var isObserved = true
    /// Numbers of steps from 1, after `create` and `wait` where it boots; nil is locked.
    var boots = false
    /// Whether it is changed in place first.
    var updates = false
    var runs: [Int]?
    var cause: String?
    var hint = "`stackmake clean server/web` deletes it, and the next build makes it anew"
  }

  static func seen(id: String = "id-1", generation: Int = 1, problem: String? = nil) -> Observation {
    Observation(values: ["id": id, "generation": String(generation)], problem: problem)
  }

  static let once = "`stackmake clean server/web` gives it a fresh start"

  static let cases = [
    Case(testDescription: "never built", isBuilt: false, seen: nil, boots: true, runs: [1, 2]),
    Case(testDescription: "deleted behind its back", seen: nil, boots: true, runs: [1, 2]),
    // With --no-refresh the record is believed.
    Case(
      testDescription: "not looked at, and its recipe changed", builtRecipe: ["echo a", "echo c"], seen: nil,
      isObserved: false, runs: [2]),
    Case(
      testDescription: "not looked at, never built", isBuilt: false, seen: nil, isObserved: false, boots: true,
      runs: [1, 2]),
    Case(
      testDescription: "deleted, and another flavor since", settings: "flavor=m1.tiny", builtSettings: "", seen: nil,
      boots: true, runs: [1, 2]),
    Case(testDescription: "half made, no record", isBuilt: false, boots: true, runs: [1, 2]),
    Case(
      testDescription: "in ERROR, no record", isBuilt: false, seen: seen(problem: "in ERROR: no valid host"),
      boots: true, runs: [1, 2]),
    Case(
      testDescription: "a first build whose second step failed", isBuilt: false,
      progress: [(0, .done), (1, .failed)], boots: true, runs: [2]),
    Case(
      testDescription: "a first build whose once step failed", recipe: ["echo a", "once echo b"], isBuilt: false,
      progress: [(0, .done), (1, .failed)], cause: "step 2 must run only once, and failed", hint: once),
    Case(
      testDescription: "a first build whose once step was cut off", recipe: ["once echo a", "echo b"], isBuilt: false,
      progress: [(0, .started)], boots: true, runs: [1, 2]),
    Case(testDescription: "another machine under its name", seen: seen(id: "id-2"), boots: true, runs: [1, 2]),
    Case(
      testDescription: "another machine, and it is stopped", seen: seen(id: "id-2", problem: "stopped"), boots: true,
      runs: [1, 2]),
    Case(testDescription: "another generation", seen: seen(generation: 2), boots: true, runs: [1, 2]),
    Case(
      testDescription: "another generation, and once ran on the old one", recipe: ["once echo a", "echo b"],
      seen: seen(generation: 2), boots: true, runs: [1, 2]),
    Case(
      testDescription: "stopped", seen: seen(problem: "stopped"),
      cause: "the server is stopped, and is not thrown away by itself"),
    Case(
      testDescription: "in ERROR", seen: seen(problem: "in ERROR: no valid host"),
      cause: "the server is in ERROR: no valid host, and is not thrown away by itself"),
    Case(
      testDescription: "half made, but on record", seen: seen(problem: "half made"),
      cause: "the server is half made, and is not thrown away by itself"),
    Case(
      testDescription: "another image", settings: "image=debian-13", builtSettings: "",
      cause: "a standing server can't be given another image"),
    Case(
      testDescription: "another flavor", settings: "flavor=m1.tiny", builtSettings: "",
      cause: "a standing server can't be given another flavor"),
    Case(
      testDescription: "another zone", settings: "zone=b", builtSettings: "zone=a",
      cause: "a standing server can't be given another zone"),
    Case(
      testDescription: "no zone any more", builtSettings: "zone=a",
      cause: "a standing server can't be given another zone"),
    Case(
      testDescription: "another network", settings: "network=b", builtSettings: "network=a",
      cause: "a standing server can't be given another network"),
    Case(
      testDescription: "another user", settings: "user=admin", builtSettings: "",
      cause: "a standing server can't be given another user"),
    Case(
      testDescription: "a volume where there was none", settings: "volume=20", builtSettings: "",
      cause: "a standing server can't be given another volume"),
    Case(testDescription: "another role", settings: "role=b", builtSettings: "role=a", runs: [1, 2]),
    Case(
      testDescription: "another security group", settings: "security-group=b", builtSettings: "security-group=a",
      updates: true, runs: []),
    Case(testDescription: "a new meta value", settings: "meta.tier=web", builtSettings: "", updates: true, runs: []),
    Case(
      testDescription: "another meta value, and a step", settings: "meta.tier=web", builtSettings: "",
      builtRecipe: ["echo a", "echo old"], updates: true, runs: [2]),
    Case(
      testDescription: "another meta value, and once has run", settings: "meta.tier=web",
      recipe: ["once echo a", "echo b"], builtSettings: "", updates: true, runs: []),
    Case(testDescription: "the second step changed", builtRecipe: ["echo a", "echo old"], runs: [2]),
    Case(testDescription: "a step came", builtRecipe: ["echo a"], runs: [2]),
    Case(
      testDescription: "a change whose second step failed", builtRecipe: ["echo old", "echo b"],
      progress: [(0, .done), (1, .failed)], runs: [2]),
    Case(testDescription: "forced", isForced: true, runs: [1, 2]),
    Case(
      testDescription: "forced, after a once step", recipe: ["once echo a", "echo b"], isForced: true, runs: [2]),
    Case(
      testDescription: "once changed", recipe: ["once echo a"], builtRecipe: ["once echo old"],
      cause: "step 1 must run only once, and it or what it depends on changed since it ran", hint: once),
  ]

  private static func stackfile(_ settings: String, _ recipe: [String]) -> String {
    "layout:\n    web  \(settings)\nserver/web:\n" + recipe.map { "    \($0)\n" }.joined()
  }

  private static func situation(_ test: Case) throws -> (ServerKind, Situation) {
    let world = try KindWorld(stackfile(test.settings, test.recipe))
    let then = try KindWorld(stackfile(test.builtSettings ?? test.settings, test.builtRecipe ?? test.recipe))
    let trace = test.isBuilt ? then.trace("server/web", outputs: KindWorld.outputs()) : nil
    let kind = ServerKind(cluster: world.cluster)
    let manifest = world.manifest("server/web")
    let progress = test.progress.map { number, state in
      StepRecord(
        number: number, fingerprint: manifest.steps[number], state: state,
        isOnce: test.recipe[number].hasPrefix("once "), generation: "1", at: 1)
    }
    let reasons = Staleness.reasons(
      manifest, trace: trace, drift: test.isObserved ? trace.flatMap { kind.drift($0, test.seen) } : nil, failure: nil,
      unfinishedStep: RecipeDecision.unfinishedStep(progress), isForced: test.isForced)
    #expect(!reasons.isEmpty)
    return (
      kind,
      Situation(
        target: world.target("server/web"), graph: world.graph, manifest: manifest, trace: trace, progress: progress,
        observation: test.seen, reasons: reasons, isForced: test.isForced, isObserved: test.isObserved)
    )
  }

  @Test(arguments: cases) func decides(_ test: Case) throws {
    let (kind, situation) = try Self.situation(test)
    switch (kind.decide(situation), test.runs) {
    case (.run(let actions), let runs?):
      #expect(
        actions == (test.boots ? [.act("create"), .act("wait")] : test.updates ? [.act("update")] : [])
          + runs.map { .step($0 - 1) })
    case (.locked(let error), nil):
      #expect(error.code == .locked)
      #expect(error.subject == "server/web")
      #expect(error.cause == test.cause)
      #expect(error.hint == test.hint)
    case (let decision, _): Issue.record("\(decision)")
    }
  }

  /// Only a machine that stands as it was recorded keeps what dependents were told of it.
  @Test(arguments: cases) func predicts(_ test: Case) throws {
    let (kind, situation) = try Self.situation(test)
    let isKept = test.runs != nil && !test.boots
    #expect(kind.predict(situation) == (isKept ? KindWorld.outputs() : nil))
  }

  @Test(
    arguments: [
      (ServerKindTests.seen(), nil),
      (nil, .drift(what: "server", old: "id-1", new: "deleted")),
      (seen(id: "id-2", generation: 3), .drift(what: "id", old: "id-1", new: "id-2")),
      (seen(generation: 3), .drift(what: "generation", old: "1", new: "3")),
      (seen(problem: "stopped"), .drift(what: "status", old: "ACTIVE", new: "stopped")),
      (seen(generation: 3, problem: "stopped"), .drift(what: "generation", old: "1", new: "3")),
    ] as [(Observation?, StaleReason?)])
  func drifts(_ seen: Observation?, _ reason: StaleReason?) throws {
    let world = try KindWorld(Self.stackfile("", []))
    let trace = world.trace("server/web", outputs: KindWorld.outputs())
    #expect(ServerKind(cluster: world.cluster).drift(trace, seen) == reason)
  }

  @Test func observesTheNewestOfEachServer() async throws {
    let world = try KindWorld("layout:\n    web\n    db\n    new\n")
    world.stand(
      KindWorld.machine("web", id: "id-1", generation: 2), KindWorld.machine("web", id: "id-2", status: .deleting),
      KindWorld.machine("db", id: "id-3", status: .stopped),
      KindWorld.machine("new", id: "id-4", status: .deleting))
    let names = ["server/web", "server/db", "server/new"]
    let seen = try await ServerKind(cluster: world.cluster).observe(names.map { world.target($0) }, in: world.graph)
    #expect(
      seen == [
        world.target("server/web"): Self.seen(generation: 2),
        world.target("server/db"): Self.seen(id: "id-3", problem: "stopped"),
      ])
    #expect(world.cloud.log == ["list c1", "resources c1"])
  }
}

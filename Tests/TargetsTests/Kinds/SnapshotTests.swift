import StackMake
import Support
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct SnapshotTests {
  private static let file = """
    release ?= 1
    layout:
        controller
        compute
        alone
    tools/%: server/%
        echo tools {{ release }}
    stacked/controller: tools/controller
        echo before
        once echo {{ ip }}
        echo after
    stacked/compute: stacked/controller
        once echo {{ ip controller }}
    stacked/alone:
        once echo alone

    """

  /// The controller and the compute as they were built, and their snapshot.
  private struct World {
    let world: KindWorld
    let set: SnapshotSet
    let book: SnapshotBook
    var graph: Graph { world.graph }

    /// - Parameter release: as the Stackfile says it after the snapshot.
    init(release: Int = 1) throws {
      let then = try KindWorld(SnapshotTests.file)
      var outputs: [String: [String: String]] = [
        "server/controller": SnapshotTests.server("controller"), "server/compute": SnapshotTests.server("compute"),
      ]
      var traces: [String: Trace] = [:]
      let walk = ManifestWalk(graph: then.graph, kinds: then.kinds, files: SourceFiles(), secretDigests: [:])
      for name in ["server/controller", "server/compute", "tools/controller", "stacked/controller", "stacked/compute"] {
        let target = then.target(name)
        let manifest = walk.manifest(of: target) { outputs[then.graph.name($0)] ?? [:] }.manifest
        if name == "tools/controller" { outputs[name] = ["inputs": manifest.fingerprint.short] }
        if name.hasPrefix("stacked/") { outputs[name] = ["generation": "1", "run": "1"] }
        traces[name] = Trace(
          target: name, kind: then.graph.kind(target), fingerprint: manifest.fingerprint, manifest: manifest.entries,
          outputs: outputs[name]!, run: 1, builtAt: 1, seconds: 1)
      }
      let machines = [
        "controller": KindWorld.machine("controller", id: "id-controller"),
        "compute": KindWorld.machine("compute", id: "id-compute"),
      ]
      let targets = ["stacked/controller", "stacked/compute"].map { then.target($0) }
      set = SnapshotSet(targets, in: then.graph, traces, machines: machines, bases: [:], at: 1)
      book = SnapshotBook([set])
      world = try KindWorld(SnapshotTests.file.replacing("release ?= 1", with: "release = \(release)"))
      let assessor = try Assessor(
        graph: world.graph, kinds: world.kinds, files: SourceFiles(), secretDigests: [:], store: world.store,
        observations: Assessor.Observations(), forced: [])
      book.compare(with: assessor)
      world.cloud.with { [machines] state in for machine in machines.values { state.machines[machine.id] = machine } }
    }

    /// What is decided for a target whose server, and whose controller, are of a second generation.
    func decision(_ name: String, from sources: [String: String], progress: [StepRecord] = []) -> Decision {
      let walk = ManifestWalk(graph: graph, kinds: world.kinds, files: SourceFiles(), secretDigests: [:])
      let target = world.target(name)
      let manifest = walk.manifest(of: target) { dependency in
        let name = graph.name(dependency)
        if name.hasPrefix("server/") {
          let server = String(name.dropFirst("server/".count))
          return SnapshotTests.server(server, generation: 2, snapshot: sources[server])
        }
        guard name == "stacked/controller" else { return ["inputs": "another"] }
        var values = ["generation": "2", "run": "5"]
        values["snapshot"] = sources["controller"]
        return values
      }.manifest
      return StackedKind(book).decide(
        Situation(
          target: target, graph: graph, manifest: manifest, trace: nil, progress: progress, observation: nil,
          reasons: [.neverBuilt], isForced: false))
    }

    var images: [Snapshot] {
      ["controller", "compute"].map {
        Snapshot(
          id: "image-\($0)", tag: SnapshotTag(cluster: "c1", server: $0, set: set.id), status: .active, createdAt: 1)
      }
    }

    func choice(
      _ fresh: Set<String>, images: [Snapshot]? = nil, base: String = "id-of-debian-12",
      earlier: SnapshotChoice.Earlier = SnapshotChoice.Earlier()
    ) -> SnapshotChoice {
      SnapshotChoice(
        book, images: images ?? self.images, fresh: fresh, bases: ["controller": base, "compute": base],
        earlier: earlier, in: graph)
    }
  }

  private static func server(_ name: String, generation: Int = 1, snapshot: String? = nil) -> [String: String] {
    ServerOutputs(
      id: "id-\(name)-\(generation)", generation: generation, ip: name == "compute" ? "10.0.0.2" : "10.0.0.1",
      hostKeys: [HostKey(type: "ssh-ed25519", base64: "key\(generation)")], user: "stack", snapshot: snapshot
    ).values
  }

  // MARK: What belongs together

  @Test func whatKnowsOfEachOtherIsOne() throws {
    let world = try World()
    func groups(_ names: String...) -> [[String]] {
      SnapshotGroup.of(names.map { world.world.target($0) }, in: world.graph).map {
        $0.targets.map { world.graph.name($0) }
      }
    }
    let pair = ["stacked/controller", "stacked/compute"]
    #expect(groups("stacked/compute") == [pair])
    #expect(groups("stacked/alone", "stacked/controller") == [pair, ["stacked/alone"]])
    #expect(groups("server/alone") == [])
  }

  // MARK: Whether it is used

  @Test func nothingChanged() throws {
    let world = try World()
    for server in ["controller", "compute"] { #expect(world.book.differences(world.set.id, server) == []) }
    let choice = world.choice(["controller", "compute", "alone"])
    #expect(choice.restores.keys.sorted() == ["compute", "controller"])
    #expect(choice.restores["compute"]?.image == "image-compute")
    #expect(choice.unused == [:])
  }

  /// What a dependency is made of counts, whatever machine it ran on.
  @Test func aDependencyChanged() throws {
    let world = try World(release: 2)
    let choice = world.choice(["controller", "compute"])
    #expect(choice.restores == [:])
    #expect(choice.unused[world.set.id]?.hasPrefix("stacked/controller: ") == true)
  }

  @Test func onlyWithWhatItNeeds() throws {
    let world = try World()
    let alone = world.choice(["compute"])
    #expect(alone.restores == [:])
    #expect(alone.unused[world.set.id] == "stacked/compute needs stacked/controller, which isn't made from it")
    #expect(world.choice(["controller"]).restores.keys.sorted() == ["controller"])
    // A run that was cut off between the two goes on.
    var earlier = SnapshotChoice.Earlier()
    earlier.made = ["controller": world.set.id]
    #expect(world.choice(["compute"], earlier: earlier).restores == [:])
    earlier.pending = ["compute": world.set.id]
    #expect(world.choice(["compute"], earlier: earlier).restores.keys.sorted() == ["compute"])
  }

  @Test func anImageThatIsGoneOrHalfMade() throws {
    let world = try World()
    let fresh: Set = ["controller", "compute"]
    #expect(world.choice(fresh, images: []).unused[world.set.id] == "the image of controller is gone")
    var images = world.images
    images[0].status = .building
    #expect(world.choice(fresh, images: images).restores == [:])
    #expect(
      world.choice(fresh, base: "newer").unused[world.set.id]
        == "the image below controller was id-of-debian-12, and is newer now")
  }

  // MARK: What is done on a machine that came from it

  @Test func onlyWhatFollowsTheLastOnceStepRuns() throws {
    let world = try World()
    let sources = ["controller": world.set.id, "compute": world.set.id]
    #expect(world.decision("stacked/controller", from: sources) == .run([.act("restore"), .step(2)]))
    #expect(world.decision("stacked/compute", from: sources) == .run([.act("restore")]))
    #expect(world.decision("stacked/controller", from: [:]) == .run([.step(0), .step(1), .step(2)]))
  }

  @Test func aMachineThatIsNotWhatWouldBeBuiltIsLocked() throws {
    func cause(_ decision: Decision) -> String? { if case .locked(let error) = decision { error.cause } else { nil } }
    let world = try World()
    let prefix = "its machine was made from snapshot \(world.set.id), and "
    #expect(
      cause(world.decision("stacked/compute", from: ["compute": world.set.id])) == prefix + "stacked/controller wasn't")
    let changed = try World(release: 2)
    #expect(
      cause(changed.decision("stacked/controller", from: ["controller": changed.set.id]))?.hasPrefix(prefix) == true)
    #expect(
      cause(world.decision("stacked/controller", from: ["controller": "gone"]))
        == "its machine was made from snapshot gone, and that is no longer on record")
  }

  // MARK: Making it

  private func maker(_ world: World) -> SnapshotMaker {
    SnapshotMaker(
      world.world.cluster, store: world.world.store, reporter: world.world.reporter, interrupt: Interrupt(),
      now: { 5 })
  }

  /// Verbs in the order in which they came, each once in a row.
  private func verbs(_ world: World) -> [String] {
    var verbs: [String] = []
    for line in world.world.cloud.log {
      let verb = String(line.prefix { $0 != " " })
      if ["stop", "snapshot", "start", "delete"].contains(verb), verbs.last != verb { verbs.append(verb) }
    }
    return verbs
  }

  @Test func allAreStoppedBeforeTheFirstIsCopied() async throws {
    let world = try World()
    try await maker(world).make(world.set)
    #expect(verbs(world) == ["stop", "snapshot", "start"])
    #expect(world.world.machines.allSatisfy { $0.status == .active })
    #expect(try SnapshotBook(world.world.store).sets == [world.set])
    #expect(world.world.store.intents() == [])
  }

  @Test func oneThatFailsLeavesNothingAndStartsTheServers() async throws {
    let world = try World()
    let full = CloudError(.quota, operation: "make a snapshot", cause: "no space")
    world.world.cloud.with { $0.faults = [.init("snapshot id-compute", full)] }
    await #expect(throws: StepError.self) { try await maker(world).make(world.set) }
    #expect(verbs(world) == ["stop", "snapshot", "delete", "stop", "start"])
    #expect(world.world.machines.allSatisfy { $0.status == .active })
    #expect(world.world.cloud.with { $0.snapshots }.isEmpty)
    #expect(try SnapshotBook(world.world.store).sets == [])
    #expect(world.world.store.intents() == [])
  }

  @Test func serversThatWereBeingStoppedAreStoppedBeforeTheyAreStarted() async throws {
    let world = try World()
    _ = world.world.store.begin(
      Intent(
        action: SnapshotMaker.action, subject: world.set.id, values: ["machines": "id-controller id-compute"], at: 5))
    try await world.world.cleaner().resume(graph: world.graph)
    let calls = world.world.cloud.log.filter { $0.hasPrefix("st") }
    #expect(calls == ["stop id-compute", "start id-compute", "stop id-controller", "start id-controller"])
    #expect(world.world.store.intents() == [])
  }

  /// As after a kill when some of the images were made, or all.
  @Test(arguments: [1, 2]) func oneThatWasCutOffIsGivenUpUnlessItIsWhole(_ count: Int) async throws {
    let world = try World()
    let images = Array(world.images.prefix(count))
    world.world.cloud.with { state in
      state.snapshots = images
      for id in state.machines.keys { state.machines[id]!.status = .stopped }
    }
    world.world.store.set([world.set.register: world.set.text])
    _ = world.world.store.begin(
      Intent(
        action: SnapshotMaker.action, subject: world.set.id,
        values: ["machines": "id-controller id-compute", "stopped": "yes"], at: 5))
    try await world.world.cleaner().resume(graph: world.graph)
    #expect(world.world.machines.allSatisfy { $0.status == .active })
    #expect(world.world.cloud.with { $0.snapshots } == (count == 2 ? images : []))
    #expect(try SnapshotBook(world.world.store).sets == (count == 2 ? [world.set] : []))
    #expect(world.world.store.intents() == [])
  }

  // MARK: Taking it away

  @Test func cleanKeepsItAndPruneTakesWhatTheLayoutDoesNotName() throws {
    let world = try World()
    let resources = world.images.map(\.resource)
    let standing = CleanPlan.World(machines: world.world.machines, resources: resources, recorded: [])
    #expect(CleanPlan.everything(standing).resources == [])
    #expect(CleanPlan.some(["server/compute"], graph: world.graph, standing).resources == [])
    let smaller = try KindWorld("layout:\n    controller\n")
    #expect(CleanPlan.prune(graph: smaller.graph, standing).resources == [resources[1]])
    let review = SnapshotReview(world.book, resources, in: smaller.graph)
    #expect(review.unneeded == [world.set.id: "the layout doesn't name `compute`"])
    #expect(
      Leftovers(graph: smaller.graph, standing, claims: [:], snapshots: review.unneeded).resources.map(\.thing)
        == resources)
    #expect(SnapshotReview(world.book, resources, in: world.graph).usable == [world.set.id])
    #expect(SnapshotReview(world.book, [resources[0]], in: world.graph).unneeded.count == 1)
  }
}

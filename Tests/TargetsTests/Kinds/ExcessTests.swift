import StackMake
import Support
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct ExcessTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var machines: [Machine] = [KindWorld.machine("web")]
    var resources: [CloudResource] = []
    /// Ids.
    var excess: [String] = []
  }

  static func resource(
    _ kind: CloudResource.Kind, _ id: String, name: String? = nil, server: String? = "web", isInUse: Bool = false
  ) -> CloudResource {
    CloudResource(kind: kind, id: id, name: name ?? "stackmake-c1-\(server ?? "")", server: server, isInUse: isInUse)
  }

  private static func machine(
    _ id: String, generation: Int = 1, status: Machine.Status = .active, server: String = "web"
  ) -> Machine {
    KindWorld.machine(server, id: id, generation: generation, status: status)
  }

  static let cases = [
    Case(testDescription: "nothing", machines: []),
    Case(testDescription: "one", resources: [resource(.port, "p1", isInUse: true)]),
    Case(
      testDescription: "two of one tag: the one that works stays",
      machines: [machine("a", status: .error("port in use")), machine("b")], excess: ["a"]),
    Case(
      testDescription: "two that are built: it isn't known yet which gets the port",
      machines: [machine("a", status: .building), machine("b", status: .building)]),
    Case(
      testDescription: "the better one is in ERROR: that is for its server to tell",
      machines: [machine("a", generation: 2, status: .error("no host")), machine("b")]),
    Case(testDescription: "an older generation", machines: [machine("b", generation: 2), machine("a")], excess: ["a"]),
    Case(testDescription: "one that goes already", machines: [machine("a", status: .deleting), machine("b")]),
    Case(
      testDescription: "a stopped one is no better than another that is stopped",
      machines: [machine("a", status: .stopped), machine("b", status: .error("port in use"))]),
    Case(
      testDescription: "of a server that the layout doesn't name",
      machines: [machine("a", server: "old"), machine("b", server: "old")],
      resources: [resource(.port, "p1", server: "old", isInUse: true), resource(.port, "p2", server: "old")]),
    Case(
      testDescription: "a second port", resources: [resource(.port, "p1"), resource(.port, "p2", isInUse: true)],
      excess: ["p1"]),
    Case(
      testDescription: "a port of another network",
      resources: [
        resource(.port, "p1", isInUse: true), resource(.port, "p2", name: "stackmake-c1-web.2"),
      ]),
    Case(
      testDescription: "no port is plugged in yet", machines: [machine("a", status: .building)],
      resources: [resource(.port, "p1"), resource(.port, "p2")]),
    Case(
      testDescription: "a second port while the machine is built", machines: [machine("a", status: .building)],
      resources: [resource(.port, "p1", isInUse: true), resource(.port, "p2")]),
    Case(
      testDescription: "a port of a server that doesn't stand", machines: [],
      resources: [resource(.port, "p1", isInUse: true), resource(.port, "p2")]),
    Case(
      testDescription: "a second security group",
      resources: [
        resource(.securityGroup, "g1", server: nil), resource(.securityGroup, "g2", server: nil, isInUse: true),
      ], excess: ["g1"]),
    Case(
      testDescription: "two security groups that nothing uses yet",
      resources: [resource(.securityGroup, "g1", server: nil), resource(.securityGroup, "g2", server: nil)]),
    Case(
      testDescription: "two security groups in use",
      resources: [
        resource(.securityGroup, "g1", server: nil, isInUse: true),
        resource(.securityGroup, "g2", server: nil, isInUse: true),
      ]),
    Case(
      testDescription: "server groups of two names",
      resources: [
        resource(.serverGroup, "g1", name: "stackmake-c1-a-hard", server: nil, isInUse: true),
        resource(.serverGroup, "g2", name: "stackmake-c1-b-hard", server: nil),
      ]),
    Case(
      testDescription: "a floating address whose port is gone",
      resources: [
        resource(.floatingAddress, "f1", name: "192.0.2.1", server: nil),
        resource(.floatingAddress, "f2", name: "192.0.2.2"),
      ], excess: ["f1"]),
    Case(testDescription: "a key pair", resources: [resource(.keyPair, "k", server: nil)]),
  ]

  @Test(arguments: cases) func finds(_ test: Case) {
    let excess = Excess(test.machines, test.resources, servers: ["web", "db"])
    #expect(excess.machines.map(\.id) + excess.resources.map(\.id) == test.excess)
  }

  @Test func looksForWhatTheLayoutCanMake() throws {
    #expect(Excess.kinds(try KindWorld("layout:\n    web\n").graph) == [.port, .securityGroup])
    let named = "layout:\n    web  security-group=mine floating=yes\n    db  security-group=mine spread=soft\n"
    #expect(Excess.kinds(try KindWorld(named).graph) == [.port, .floatingAddress, .serverGroup])
  }

  // MARK: - Removing

  private func untidy() throws -> KindWorld {
    let world = try KindWorld("layout:\n    web\n    db\n")
    world.stand(
      Self.machine("id-1"), Self.machine("id-2", status: .error("port in use")), Self.machine("id-3", server: "db"))
    world.cloud.with {
      $0.resources = [
        Self.resource(.port, "p1"), Self.resource(.port, "p2", isInUse: true),
        Self.resource(.securityGroup, "g1", server: nil, isInUse: true),
        Self.resource(.securityGroup, "g2", server: nil),
      ]
    }
    return world
  }

  private func tidy(_ world: KindWorld) async throws {
    try await Tidier(world.cluster, store: world.store, reporter: world.reporter, now: { 5 }).run(world.graph)
  }

  @Test func removesOnlyTheExcessJournalFirst() async throws {
    let world = try untidy()
    let store = world.store
    world.cloud.with { state in
      state.watcher = { line in
        guard line.hasPrefix("delete") else { return }
        #expect(
          store.intents().map(\.values) == [["what": "server id-2, port p1, security group g2"]])
      }
    }
    try await tidy(world)
    #expect(world.changes == ["delete id-2", "delete port p1", "delete security group g2"])
    #expect(world.store.intents() == [])
    #expect(world.notes.first == "removing server id-2: there is another lab-web")
    try await tidy(world)
    #expect(world.changes.count == 3)
  }

  @Test func isResumedByWhatIsThereThen() async throws {
    let world = try untidy()
    let lost = CloudError(.failed, operation: "ask the cloud", cause: "connection reset")
    world.cloud.with { $0.faults = [.init("delete port", lost)] }
    let error = await #expect(throws: StepError.self) { try await tidy(world) }
    #expect(error?.description == "ask the cloud: port stackmake-c1-web: connection reset")
    #expect(world.store.intents().map(\.action) == ["tidy"])
    try await world.cleaner().resume(graph: world.graph)
    #expect(world.changes.filter { $0 == "delete id-2" }.count == 1)
    #expect(world.cloud.with { $0.resources.map(\.id) } == ["p2", "g1"])
    #expect(world.store.intents() == [])
  }

  // MARK: - As drift

  @Test func isDriftOfItsServerAndRunsNoStep() async throws {
    let world = try untidy()
    let kind = ServerKind(cluster: world.cluster)
    let names = ["server/web", "server/db"].map { world.target($0) }
    let seen = try await kind.observe(names, in: world.graph)
    #expect(world.cloud.log == ["list c1", "resources c1"])
    #expect(seen?[names[0]]?.values["excess"] == "server id-2, port p1, security group g2")
    #expect(seen?[names[1]]?.values == ["id": "id-3", "generation": "1"])

    let trace = world.trace("server/web", outputs: KindWorld.outputs())
    let drift = kind.drift(trace, seen?[names[0]])
    #expect(
      drift
        == .drift(what: "what is there twice", old: "nothing", new: "server id-2, port p1, security group g2"))
    var situation = world.turn("server/web", trace: trace, observation: seen?[names[0]]).situation
    situation.reasons = [drift!]
    #expect(kind.decide(situation) == .run([.act("tidy")]))
    #expect(kind.predict(situation) == trace.outputs)
    situation.reasons = [drift!, .changed(key: "\(ManifestEntry.inPlacePrefix)setting meta.a", old: nil, new: "b")]
    #expect(kind.decide(situation) == .run([.act("tidy"), .act("update")]))
    situation.observation?.values["id"] = "id-9"
    #expect(kind.decide(situation) == .run([.act("tidy"), .act("create"), .act("wait")]))
    situation.observation?.values["id"] = "id-1"
    situation.observation?.problem = "stopped"
    #expect(kind.decide(situation) != .run([.act("tidy")]))
  }

  @Test func whereNothingStandsNothingMoreIsAsked() async throws {
    let world = try KindWorld("layout:\n    web\n")
    _ = try await ServerKind(cluster: world.cluster).observe([world.target("server/web")], in: world.graph)
    #expect(world.cloud.log == ["list c1"])
  }
}

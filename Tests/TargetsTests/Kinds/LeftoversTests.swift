import StackMake
import Support
import Targets
import Testing

@Suite struct LeftoversTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var machines: [Machine] = []
    var resources: [CloudResource] = []
    var claims = ["web": MachineClaim(machine: "id-1", generation: 1)]
    var expected: [String] = []
    /// Ids of machines whose deletion leaves the record of their server.
    var strays: [String] = []
  }

  private static func port(_ server: String?, isInUse: Bool = false, _ kind: CloudResource.Kind = .port)
    -> CloudResource
  {
    CloudResource(kind: kind, id: "r", name: "it", server: server, isInUse: isInUse)
  }
  private static let web = KindWorld.machine("web")

  static let cases = [
    Case(testDescription: "nothing", claims: [:]),
    Case(
      testDescription: "what was built, with all that it has", machines: [web],
      resources: [
        port("web", isInUse: true), port("web", isInUse: true, .floatingAddress),
        port(nil, isInUse: true, .serverGroup),
        port(nil, .keyPair), port(nil, isInUse: true, .securityGroup),
      ]),
    Case(
      testDescription: "a server that was built, and another of its name",
      machines: [web, KindWorld.machine("web", id: "id-2")],
      expected: ["id-2: `web` is another server: id-1"], strays: ["id-2"]),
    Case(
      testDescription: "a server that was built counts before a newer one",
      machines: [web, KindWorld.machine("web", id: "id-2", generation: 2)],
      claims: ["web": MachineClaim(machine: "id-1", generation: 2)],
      expected: ["id-2: `web` is another server: id-1"], strays: ["id-2"]),
    Case(
      testDescription: "a server on record that broke is no leftover",
      machines: [KindWorld.machine("web", status: .error("it broke"))]),
    Case(
      testDescription: "a machine that the next build goes on with",
      machines: [KindWorld.machine("web", generation: 2, status: .building), KindWorld.machine("web", id: "id-2")],
      resources: [port("web")], claims: ["web": MachineClaim(generation: 2)],
      expected: ["id-2: `web` is another server: id-1"], strays: ["id-2"]),
    Case(
      testDescription: "half made, and to be made whole", machines: [KindWorld.machine("web", status: .incomplete)],
      claims: ["web": MachineClaim(generation: 1)]),
    Case(
      testDescription: "one of an attempt before the last",
      machines: [KindWorld.machine("web", status: .building)], claims: ["web": MachineClaim(generation: 2)],
      expected: ["id-1: `web` was never built on it, and it is half made"]),
    Case(
      testDescription: "one that failed", machines: [KindWorld.machine("web", status: .error("No valid host"))],
      resources: [port("web", isInUse: true), port(nil, .keyPair)], claims: ["web": MachineClaim(generation: 1)],
      expected: [
        "id-1: `web` was never built on it, and it is in ERROR: No valid host", "port: no server `web` stands",
        "key pair: no server of this cluster stands",
      ]),
    Case(
      testDescription: "one that is being deleted", machines: [KindWorld.machine("web", status: .deleting)],
      expected: ["id-1: it is being deleted"]),
    Case(
      testDescription: "a server that the layout doesn't name",
      machines: [web, KindWorld.machine("old", id: "id-2")],
      resources: [port("old", isInUse: true), port("web", isInUse: true)],
      expected: ["id-2: the layout doesn't name `old`", "port: the layout doesn't name `old`"]),
    Case(
      testDescription: "what servers don't use", machines: [web],
      resources: [
        port(nil, .floatingAddress), port("web"), port(nil, .serverGroup), port(nil, .keyPair),
        port(nil, .securityGroup),
      ],
      expected: [
        "floating address: no server uses it", "port: server `web` doesn't use it", "server group: no server is in it",
        "security group: no port is in it",
      ]),
    Case(
      testDescription: "what may be used yet", machines: [KindWorld.machine("web", status: .building)],
      resources: [port("web"), port(nil, .serverGroup), port(nil, .securityGroup)],
      claims: ["web": MachineClaim(generation: 1)]),
  ]

  @Test(arguments: cases) func areFound(_ test: Case) throws {
    let graph = try KindWorld("layout:\n    web\n    db\n").graph
    let world = CleanPlan.World(machines: test.machines, resources: test.resources, recorded: ["server/web"])
    let leftovers = Leftovers(graph: graph, world, claims: test.claims)
    #expect(
      leftovers.machines.map { "\($0.thing.id): \($0.why)" }
        + leftovers.resources.map { "\($0.thing.kind.rawValue): \($0.why)" } == test.expected)
    #expect(leftovers.count == test.expected.count)
    let plan = leftovers.plan(graph: graph, world)
    #expect(plan.deletions.filter(\.isStray).map(\.machine.id) == test.strays)
    #expect(plan.deletions.count + plan.resources.count == leftovers.count)
    #expect(plan.forgotten.isEmpty)
  }

  @Test func deletingAStrayKeepsTheRecord() async throws {
    let world = try KindWorld("layout:\n    web\n")
    let stray = KindWorld.machine("web", id: "id-2")
    world.stand(Self.web, stray)
    world.store.finish(world.trace("server/web", outputs: KindWorld.outputs()))
    let standing = CleanPlan.World(machines: world.machines, recorded: ["server/web"])
    let leftovers = Leftovers(graph: world.graph, standing, claims: ["web": .init(machine: "id-1", generation: 1)])
    let plan = leftovers.plan(graph: world.graph, standing)
    #expect(await world.cleaner().carryOut(plan, graph: world.graph, waits: true).isEmpty)
    #expect(world.machines == [Self.web])
    #expect(world.store.trace(of: "server/web") != nil)
    #expect(world.store.intents().isEmpty)
  }
}

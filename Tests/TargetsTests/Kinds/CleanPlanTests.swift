import StackMake
import Support
import Targets
import Testing

@Suite struct CleanPlanTests {
  private static let file = """
    layout:
        web
        db
    stacked/%:
        once echo a
    app/web:
        echo b
    both:
        on web db
        once echo c
    plain:
        echo d
    local-once:
        local once echo e

    """

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var names: [String]
    var recorded: Set<String> = [
      "layout", "server/web", "server/db", "stacked/web", "stacked/db", "app/web", "both", "plain", "local-once",
    ]
    var machines = [KindWorld.machine("web"), KindWorld.machine("db", id: "id-2")]
    /// Ids of machines that are deleted.
    var deletes: [String] = []
    /// `PLACE ID: TARGET…`
    var rebuilds: [String] = []
    var forgets: [String] = []
  }

  static let cases = [
    Case(testDescription: "nothing", names: []),
    Case(
      testDescription: "a server with what was built on it", names: ["server/web"], deletes: ["id-1"],
      forgets: ["app/web", "server/web", "stacked/web"]),
    Case(
      testDescription: "a server whose machine is gone", names: ["server/web"], machines: [],
      forgets: ["app/web", "server/web", "stacked/web"]),
    Case(
      testDescription: "a server with half-made machines", names: ["server/web"], recorded: [],
      machines: [
        KindWorld.machine("web"), KindWorld.machine("web", id: "id-2", generation: 2, status: .incomplete),
        KindWorld.machine("db", id: "id-3"),
      ], deletes: ["id-1", "id-2"]),
    Case(
      testDescription: "a server that the layout no longer names", names: ["server/old"],
      recorded: ["server/old", "server/web"],
      machines: [KindWorld.machine("old"), KindWorld.machine("web", id: "id-2")], deletes: ["id-1"],
      forgets: ["server/old"]),
    Case(
      testDescription: "a role with a once step", names: ["stacked/web"], rebuilds: ["web id-1: stacked/web"],
      forgets: ["server/web", "stacked/web"]),
    Case(testDescription: "a role that never was built", names: ["stacked/web"], recorded: ["server/web"]),
    Case(
      testDescription: "a role without a machine", names: ["stacked/web"], machines: [], forgets: ["stacked/web"]),
    Case(
      testDescription: "a role, of several machines the newest", names: ["stacked/web"],
      machines: [
        KindWorld.machine("web", generation: 3), KindWorld.machine("web", id: "id-2", generation: 4),
        KindWorld.machine("web", id: "id-3", generation: 5, status: .deleting),
      ], rebuilds: ["web id-2: stacked/web"], forgets: ["server/web", "stacked/web"]),
    Case(
      testDescription: "a role and its server", names: ["stacked/web", "server/web"], deletes: ["id-1"],
      forgets: ["app/web", "server/web", "stacked/web"]),
    Case(
      testDescription: "a once step on two servers", names: ["both"],
      rebuilds: ["web id-1: both", "db id-2: both"], forgets: ["both", "server/db", "server/web"]),
    Case(
      testDescription: "two once steps on one server", names: ["both", "stacked/web"],
      rebuilds: ["web id-1: both stacked/web", "db id-2: both"],
      forgets: ["both", "server/db", "server/web", "stacked/web"]),
    Case(testDescription: "a task", names: ["app/web", "plain"], forgets: ["app/web", "plain"]),
    Case(testDescription: "a once step on this machine", names: ["local-once"], forgets: ["local-once"]),
  ]

  @Test(arguments: cases) func takesDownSome(_ test: Case) throws {
    let graph = try KindWorld(Self.file).graph
    let plan = CleanPlan.some(
      test.names, graph: graph, CleanPlan.World(machines: test.machines, recorded: test.recorded))
    #expect(plan.deletions.map(\.machine.id) == test.deletes)
    #expect(
      plan.rebuilds.map { "\($0.place.name) \($0.machine.id): \($0.targets.joined(separator: " "))" } == test.rebuilds)
    #expect(plan.forgotten == test.forgets)
    #expect(plan.isEmpty == (test.deletes + test.rebuilds + test.forgets).isEmpty)
  }

  @Test func takesDownEverything() {
    let machines = [
      KindWorld.machine("web"), KindWorld.machine("db", id: "id-2", status: .deleting),
      KindWorld.machine("old", id: "id-3", status: .incomplete),
    ]
    let plan = CleanPlan.everything(CleanPlan.World(machines: machines, recorded: ["server/web", "gone", "layout"]))
    #expect(plan.deletions.map(\.machine.id) == ["id-2", "id-3", "id-1"])
    #expect(plan.rebuilds.isEmpty)
    #expect(plan.forgotten == ["gone", "layout", "server/web"])
    #expect(CleanPlan.everything(CleanPlan.World(machines: [], recorded: [])).isEmpty)
  }

  @Test func prunesWhatTheLayoutNoLongerNames() throws {
    let machines = [
      KindWorld.machine("web"), KindWorld.machine("old-2", id: "id-2"), KindWorld.machine("old-1", id: "id-3"),
    ]
    let plan = CleanPlan.prune(
      graph: try KindWorld(Self.file).graph,
      CleanPlan.World(
        machines: machines,
        recorded: ["layout", "server/web", "stacked/web", "server/old-1", "stacked/old-1", "server/old-2"]))
    #expect(plan.deletions.map(\.machine.id) == ["id-3", "id-2"])
    #expect(plan.rebuilds.isEmpty)
    #expect(plan.forgotten == ["server/old-1", "server/old-2", "stacked/old-1"])
    let nothing = CleanPlan.prune(
      graph: try KindWorld(Self.file).graph,
      CleanPlan.World(machines: [machines[0]], recorded: ["server/web", "stacked/web"]))
    #expect(nothing.isEmpty)
  }
}

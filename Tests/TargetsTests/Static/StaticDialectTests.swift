import StackMake
import Support
import Testing

@testable import Targets

/// What a Stackfile with servers that exist may say, and what cleaning it means.
@Suite struct StaticDialectTests {
  private static let text = """
    cloud = static
    host = a variable
    port = 80
    layout:
        web host=192.0.2.1
        db  host=192.0.2.2
    stacked/%:
        echo {{ host }} {{ port }}
    reset/web:
        local true
    every: */web
        on *
        once true
    """

  private func graph() throws -> Graph { try Graph.stackfile(Self.text, dialect: .stack(cluster: "lab")) }

  @Test func aResetIsApart() throws {
    let graph = try graph()
    let reset = try #require(graph.target(named: "reset/web"))
    #expect(graph.kind(reset) == "reset")
    #expect(!graph.goals([]).targets.contains(reset))
    #expect(!graph.goals(["*/web"]).targets.contains(reset))
    #expect(graph.goals(["reset/web"]).targets == [reset])
    let every = try #require(graph.target(named: "every"))
    #expect(!graph.dependencies(every, for: .order).contains(reset))
  }

  @Test func settingsComeFromTheLineAlone() throws {
    let graph = try graph()
    #expect(graph.places.map { $0.settings["port"] } == [nil, nil])
    let step = graph.recipe(try #require(graph.target(named: "stacked/db")))[0]
    guard case .script(let script) = step.body else { return }
    #expect(script.literal == "echo a variable 80")
  }

  @Test func whatRanOnceStaysOnRecord() throws {
    let graph = try graph()
    let machine = Machine(
      id: "192.0.2.1:22", name: "web", tag: MachineTag(cluster: "c1", server: "web", generation: 1), status: .active,
      addresses: ["192.0.2.1"], imageID: "none", flavorID: "none", createdAt: 0)
    let world = CleanPlan.World(
      machines: [machine], recorded: ["server/web", "stacked/web", "stacked/db", "every", "layout"])
    #expect(CleanPlan.everything(world).keepingOnce(in: graph).forgotten == ["layout", "server/web"])
    let some = CleanPlan.some(["stacked/web"], graph: graph, world).keepingOnce(in: graph)
    #expect(some.forgotten == ["server/web", "stacked/web"])
    #expect(some.rebuilds.map(\.place.name) == ["web"])
    #expect(some.withoutReset(in: graph) == [])
  }

  @Test func onlyARecipeTellsHow() throws {
    let graph = try graph()
    #expect(CleanPlan.reset(graph.places[0], in: graph) == graph.target(named: "reset/web"))
    #expect(CleanPlan.reset(graph.places[1], in: graph) == nil)
  }

  @Test(arguments: [
    (["stacked/web"], ["web"], ["every", "server/web", "stacked/web"]),
    (["server/db"], ["db"], ["every", "stacked/db"]),
    (["every"], ["web", "db"], ["every", "server/web", "stacked/db", "stacked/web"]),
    ([], ["web", "db"], ["every", "server/web", "stacked/db", "stacked/web"]),
    (["layout"], [], ["layout"]),
  ])
  func whatIsFresh(_ names: [String], _ servers: [String], _ forgotten: [String]) throws {
    let plan = CleanPlan.fresh(
      names, graph: try graph(), recorded: ["server/web", "stacked/web", "stacked/db", "every", "layout"])
    #expect(plan.places.map(\.name) == servers)
    #expect(plan.forgotten == forgotten)
  }
}

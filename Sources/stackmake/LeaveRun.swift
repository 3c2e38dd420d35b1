import StackMake
import Targets

/// Runs the recipes of `leave/X` for servers that are about to be given up.
struct LeaveRun: Sendable {
  /// With the graph that has `leave/X` of servers which the layout no longer names, too.
  private let world: World
  private let targets: [TargetID]

  /// - Parameter reload: loads the Stackfile again, with these names as targets where a pattern matches them.
  init(_ plan: CleanPlan, _ world: World, _ store: any Store, reload: ([String]) throws -> Session) throws {
    let names = plan.givenUp.map { CleanPlan.leaveName($0) }.sorted()
    let isWhole = names.allSatisfy { world.session.graph.target(named: $0) != nil }
    self.world = isWhole ? world : world.with(try reload(names))
    let recorded = try world.session.recorded { () throws(StoreError) in try World.recordedTargets(store) }
    targets = plan.leaving(in: self.world.session.graph, recorded: recorded)
  }

  var names: [String] { targets.map { world.session.graph.name($0) } }

  /// Runs all of them, one after the other: what they tell, they tell the same servers. The failures come back.
  func run(
    _ store: any Store, _ reporter: any Reporter, _ interrupt: Interrupt, _ pool: ThreadPool
  ) async -> [StepError] {
    var failures: [StepError] = []
    for target in targets {
      do throws(StepError) {
        try checkSites(target)
        try await world.runAlone(target, store, reporter, interrupt, pool)
      } catch {
        var error = error
        if error.code != .interrupted {
          error.hint = "with `--force` the server is given up all the same" + (error.hint.map { "; \($0)" } ?? "")
        }
        failures.append(error)
        if error.code == .interrupted { break }
      }
    }
    return failures
  }

  /// A step of a server that the layout no longer names has no place of its own: it would run on this machine.
  private func checkSites(_ target: TargetID) throws(StepError) {
    let graph = world.session.graph
    guard graph.place(target) == nil, let step = graph.recipe(target).first(where: { $0.site == .home }) else { return }
    throw StepError(
      operation: "run its recipe", subject: graph.name(target),
      cause: "a step of it (\(step.location)) is for the server itself, which the layout no longer names",
      hint: "say `on SERVER` before it: what is given up can't be worked on, only what others know of it")
  }
}

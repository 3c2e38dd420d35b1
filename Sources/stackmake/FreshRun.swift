import StackMake
import Targets

/// `clean … --fresh`: the user made servers fresh that exist already, and says so.
struct FreshRun {
  let session: Session
  let isDryRun: Bool

  /// - Parameter patterns: targets or globs; none is every server.
  func run(_ patterns: [String]) async throws {
    let names = patterns.isEmpty ? [] : try session.targets(patterns).map { session.graph.name($0) }
    if isDryRun {
      let store = try session.readOnlyStore()
      let world = try World.open(session, store: store, isReading: true)
      _ = try reset(world, store)
      let plan = try plan(names, store)
      await world.close()
      Console.write(text(plan), to: .standardOutput)
      return
    }
    try CloudChoice.check(session)
    let lock = try session.lock()
    let store = try session.store()
    let world = try World.open(session, store: store, isReading: false)
    let reset = try reset(world, store)
    let plan = try plan(names, store)
    let run = try session.recorded { () throws(StoreError) in
      try store.beginRun(Run(command: session.command, startedAt: session.start))
    }
    let result = Result { try reset.declareFresh(plan.places, forgetting: plan.forgotten) }
    let status = (try? result.get()) == nil ? ExitStatusError.failed.status : 0
    try session.recorded { () throws(StoreError) in try store.endRun(run, at: Session.now(), status: status) }
    await world.close()
    extendLifetime(lock)
    try session.said(result)
    if !session.options.silent && !session.options.json { Console.error(summary(plan)) }
  }

  private typealias Plan = (places: [Place], forgotten: [String])

  private func plan(_ names: [String], _ store: any Store) throws -> Plan {
    let recorded = try session.recorded { () throws(StoreError) in try World.recordedTargets(store) }
    let plan = CleanPlan.fresh(names, graph: session.graph, recorded: recorded)
    guard plan.places.isEmpty else { return plan }
    Console.error(
      "stackmake: error: `--fresh` is said of servers, and \(names.joined(separator: ", ")) has no step that runs once "
        + "on one\n  hint: name `server/X`, or the target whose step is to run again")
    throw ExitStatusError.wrongUse
  }

  private func reset(_ world: World, _ store: any Store) throws -> ServerReset {
    if let reset = world.reset(store, Reporters(redactor: world.redactor), Interrupt(), ThreadPool(width: 1)) {
      return reset
    }
    Console.error(
      "stackmake: error: `--fresh` is for servers that exist already (`cloud = static`): this cloud makes them fresh "
        + "itself")
    throw ExitStatusError.wrongUse
  }

  private func text(_ plan: Plan) -> String {
    (plan.places.map { "take \($0.name) (\($0.settings["host"] ?? "")) for fresh" }
      + plan.forgotten.map { "forget \($0)" }).joined(separator: "\n") + "\n"
  }

  private func summary(_ plan: Plan) -> String {
    "stackmake: \(Count(plan.places.count, "server")) taken for fresh, "
      + "\(Count(plan.forgotten.count, "target")) forgotten"
  }
}

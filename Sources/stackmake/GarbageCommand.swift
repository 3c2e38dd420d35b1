import ArgumentParser
import StackMake
import Targets

/// `stackmake gc`
struct GarbageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "What this cluster has in its cloud and nobody needs; --delete deletes it.",
    discussion: """
      Lists servers and all else that carries this cluster's mark and belongs to no server of the layout: half made, \
      left by a run that was cut off, or of servers that the layout no longer names. Exit status: 0 nothing is left; \
      1 something is.
      """)

  @OptionGroup var common: CommonOptions

  @Flag(name: .long, help: "Delete all that is listed.")
  var delete = false

  @Flag(name: .long, help: "Whole clusters that are past their end, whoever made them; --yes deletes them.")
  var expired = false

  @Flag(name: [.short, .long], help: "Don't ask.")
  var yes = false

  @Option(name: [.short, .long], help: ArgumentHelp("At most N servers at once.", valueName: "N"))
  var jobs = 64

  @Argument(help: ArgumentHelp("NAME=VALUE sets a variable.", valueName: "name=value"))
  var words: [String] = []

  func validate() throws {
    if jobs < 1 { throw ValidationError("-j takes a whole number from 1.") }
  }

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    if let goal = goals.first { throw ValidationError("gc takes no target: `\(goal)`.") }
    if expired {
      return try await ExpiredRun(
        common: common, overrides: overrides, isDeleting: delete || yes, isAsking: !yes, json: common.json
      ).run()
    }
    let run = GarbageRun(session: try Session.open(common, overrides: overrides), isAsking: !yes, jobs: jobs)
    if delete { try await run.delete() } else { try await run.list() }
  }
}

/// Looks for leftovers, and deletes them where it is told to.
private struct GarbageRun {
  let session: Session
  let isAsking: Bool
  let jobs: Int

  /// What is deleted can let go of something else: a port of its group. Then there is another round.
  private static let rounds = 3

  func list() async throws {
    if StateLock.held(in: session.stateDirectory) != nil {
      Console.error("stackmake: warning: another stackmake is at work: what it is making may be listed")
    }
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true, isCleaning: true)
    let (leftovers, _) = try await look(world, store)
    await world.close()
    Console.write(text(world, json: session.options.json).text(leftovers), to: .standardOutput)
    if leftovers.count > 0 { throw ExitStatusError.stale }
  }

  func delete() async throws {
    try CloudChoice.check(session)
    let lock = try session.lock()
    let store = try session.store()
    let voice = LateNote()
    let world = try World.open(session, store: store, isReading: false, isCleaning: true, voice: voice)
    let reporters = try RunReporters(session, redactor: world.redactor, trace: nil)
    voice.reporter = reporters.all
    let interrupt = Interrupt()
    let cleaner = world.cleaner(store, reporters.all, interrupt, ThreadPool(width: min(jobs, 256) + 4))
    try await session.reported { try await cleaner.resume(graph: session.graph) }
    var (leftovers, standing) = try await look(world, store)
    try ask(leftovers, world)
    let run = try session.recorded { () throws(StoreError) in
      try store.beginRun(Run(command: session.command, startedAt: session.start))
    }
    var failures: [StepError] = []
    var round = 0
    while leftovers.count > 0, failures.isEmpty, round < Self.rounds {
      round += 1
      let plan = leftovers.plan(graph: session.graph, standing)
      let task = Task { await cleaner.carryOut(plan, graph: session.graph, waits: true) }
      let signals = Signals(interrupt, reporters.all) { task.cancel() }
      failures = await task.value
      signals.stop()
      if failures.isEmpty { (leftovers, standing) = try await look(world, store) }
    }
    reporters.finish()
    for failure in failures { Console.error("stackmake: error: \(failure)") }
    let isDone = failures.isEmpty && leftovers.count == 0
    let status = isDone ? 0 : interrupt.isRequested ? ExitStatusError.interrupted.status : ExitStatusError.failed.status
    try session.recorded { () throws(StoreError) in try store.endRun(run, at: Session.now(), status: status) }
    await world.close()
    extendLifetime(lock)
    if failures.isEmpty {
      Console.write(text(world, json: session.options.json).text(leftovers), to: .standardOutput)
    }
    if status != 0 { throw ExitStatusError(status: status) }
  }

  private func text(_ world: World, json: Bool) -> GarbageText {
    GarbageText(json: json, keepsMachines: world.cluster?.cloud.keepsMachines ?? false)
  }

  private func ask(_ leftovers: Leftovers, _ world: World) throws {
    guard isAsking, leftovers.count > 0, Terminal.isTerminal(2) else { return }
    let text = text(world, json: false)
    Console.write(text.text(leftovers), to: .standardError)
    guard Console.confirm("\(text.verb) \(leftovers.count == 1 ? "it" : "them")?") else {
      Console.error("stackmake: nothing was done")
      throw ExitStatusError.wrongUse
    }
  }

  /// Why nobody needs a snapshot, by its set.
  private func snapshots(_ standing: CleanPlan.World, _ world: World) -> [String: String] {
    SnapshotReview(world.book, standing.resources.filter { $0.kind == .snapshot }, in: session.graph).unneeded
  }

  private func look(_ world: World, _ store: any Store) async throws -> (Leftovers, CleanPlan.World) {
    let standing = try await world.look(store)
    try world.compareSnapshots(store)
    let prefix = session.graph.placePrefix
    let claims = try session.recorded { () throws(StoreError) in
      var claims: [String: MachineClaim] = [:]
      for (register, value) in try store.registers(prefix: Cluster.generationRegister("")) {
        let server = String(register.dropFirst(Cluster.generationRegister("").count))
        claims[server] = MachineClaim(generation: Int(value) ?? 0)
      }
      for (target, trace) in try store.traces() where target.hasPrefix(prefix) {
        claims[String(target.dropFirst(prefix.count)), default: MachineClaim()].machine = trace.outputs["id"]
      }
      return claims
    }
    return (Leftovers(graph: session.graph, standing, claims: claims, snapshots: snapshots(standing, world)), standing)
  }
}

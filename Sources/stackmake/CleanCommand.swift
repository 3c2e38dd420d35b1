import ArgumentParser
import StackMake
import Targets

/// `stackmake clean [TARGET…]`
struct CleanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clean", abstract: "Take down all, or these targets and what was built on them.",
    discussion: """
      clean server/X deletes X. clean stacked/X gives X a fresh start: rebuilt from its image, same address. \
      clean of a target that only ran a recipe forgets that it was built. A clean that is cut off goes on when it is \
      run again. With cloud = static nothing is deleted, and a fresh start is what the recipe of reset/X does.
      """)

  @OptionGroup var common: CommonOptions

  @OptionGroup var clean: CleanOptions

  @Flag(name: .long, help: "You made the servers fresh: with `cloud = static` only you can say so.")
  var fresh = false

  @Argument(help: ArgumentHelp("Targets or globs; everything where there are none.", valueName: "target"))
  var words: [String] = []

  mutating func run() async throws {
    let (patterns, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    if fresh { return try await FreshRun(session: session, isDryRun: clean.dryRun).run(patterns) }
    let common = common
    let run = CleanRun(session, clean, wholeCluster: patterns.isEmpty) { asked in
      try Session.open(common, overrides: overrides, asked: asked)
    }
    try await run.run { world throws in
      guard !patterns.isEmpty else { return .everything(world) }
      let gone = patterns.filter { pattern in
        // A server that the layout no longer names is still ours to delete.
        world.machines.contains { session.graph.placePrefix + $0.tag.server == pattern }
      }
      let rest = patterns.filter { !gone.contains($0) }
      let known = rest.isEmpty ? [] : try session.targets(rest).map { session.graph.name($0) }
      return .some(known + gone, graph: session.graph, world)
    }
  }
}

/// `stackmake prune`
struct PruneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Delete servers that this cluster owns but the layout no longer names.")

  @OptionGroup var common: CommonOptions

  @OptionGroup var clean: CleanOptions

  mutating func run() async throws {
    let session = try Session.open(common, overrides: [])
    let common = common
    let run = CleanRun(session, clean, wholeCluster: false) { asked in
      try Session.open(common, overrides: [], asked: asked)
    }
    try await run.run { .prune(graph: session.graph, $0) }
  }
}

struct CleanOptions: ParsableArguments {
  @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Say what would be done; change nothing.")
  var dryRun = false

  @Flag(name: [.short, .long], help: "Don't ask.")
  var yes = false

  @Flag(name: .customLong("no-wait"), help: "Don't wait until the cloud no longer lists what was deleted.")
  var noWait = false

  @Flag(name: .long, help: "Give servers up also where a recipe of leave/X fails.")
  var force = false

  @Option(name: [.short, .long], help: ArgumentHelp("At most N servers at once.", valueName: "N"))
  var jobs = 64
}

/// Carries out `clean` and `prune`: plan, ask, do.
struct CleanRun {
  let session: Session
  let options: CleanOptions
  let wholeCluster: Bool
  /// Loads the Stackfile again, with these names as targets where a pattern matches them.
  let reload: ([String]) throws -> Session

  init(
    _ session: Session, _ options: CleanOptions, wholeCluster: Bool, reload: @escaping ([String]) throws -> Session
  ) {
    self.reload = reload
    self.session = session
    self.options = options
    self.wholeCluster = wholeCluster
  }

  func run(_ makePlan: (CleanPlan.World) throws -> CleanPlan) async throws {
    if options.dryRun {
      let store = try session.readOnlyStore()
      let world = try World.open(session, store: store, isReading: true, isCleaning: true)
      let plan = try await plan(world, store, makePlan).plan
      let leave = try LeaveRun(plan, world, store, reload: reload)
      await world.close()
      let text = CleanText.plan(plan, leaving: leave.names, staysAll: staysAll, json: session.options.json)
      Console.write(text, to: .standardOutput)
      return
    }
    try CloudChoice.check(session)
    let lock = try session.lock()
    let store = try session.store()
    let voice = LateNote()
    let world = try World.open(session, store: store, isReading: false, isCleaning: true, voice: voice)
    let reporters = try RunReporters(session, redactor: world.redactor, trace: nil)
    voice.reporter = reporters.all
    let interrupt = Interrupt()
    let cleaner = world.cleaner(store, reporters.all, interrupt, ThreadPool(width: options.jobs + 4))
    if !wholeCluster {
      try await session.reported { try await cleaner.resume(graph: session.graph) }
    }
    let looked = try await plan(world, store, makePlan)
    let standing = looked.standing
    var plan = looked.plan
    let leave = try LeaveRun(plan, world, store, reload: reload)
    let isAsked = !options.yes && !plan.deletions.isEmpty && wholeCluster && !staysAll && Terminal.isTerminal(2)
    if isAsked {
      Console.write(CleanText.plan(plan, leaving: leave.names, staysAll: staysAll), to: .standardError)
      guard Console.confirm("delete \(Count(plan.deletions.count, "server"))?") else {
        Console.error("stackmake: nothing was done")
        throw ExitStatusError.wrongUse
      }
    }
    let run = try session.recorded { () throws(StoreError) in
      try store.beginRun(Run(command: session.command, startedAt: session.start))
    }
    // A run that was cut off while it made something: that may come to be while we look.
    let isInDoubt = try session.recorded { () throws(StoreError) in
      try store.intents().contains { $0.action == Cluster.createAction }
    }
    let (first, graph, waits, isWhole, isForced) = (plan, session.graph, !options.noWait, wholeCluster, options.force)
    let pool = ThreadPool(width: 4)
    let task = Task { () -> (CleanPlan?, [StepError]) in
      let unsaid = await leave.run(store, reporters.all, interrupt, pool)
      if isForced, !interrupt.isRequested {
        for failure in unsaid { reporters.all.report(.warning(target: nil, text: failure.description)) }
      } else if !unsaid.isEmpty {
        return (nil, unsaid)
      }
      let failures = await cleaner.carryOut(first, graph: graph, waits: waits)
      guard failures.isEmpty, isWhole, waits else { return (nil, failures) }
      return await cleaner.finish(graph: graph, isInDoubt: isInDoubt)
    }
    let signals = Signals(interrupt, reporters.all) { task.cancel() }
    let (more, failures) = await task.value
    plan.deletions += more?.deletions ?? []
    plan.resources += more?.resources ?? []
    signals.stop()
    reporters.finish()
    for failure in failures { Console.error("stackmake: error: \(failure)") }
    let status: Int32 =
      failures.isEmpty ? 0 : interrupt.isRequested ? ExitStatusError.interrupted.status : ExitStatusError.failed.status
    try session.recorded { () throws(StoreError) in
      if wholeCluster && failures.isEmpty {
        for intent in try store.intents() { try store.settle(intent.id, set: [:]) }
      }
      try store.endRun(run, at: Session.now(), status: status)
    }
    await world.close()
    extendLifetime(lock)
    if status != 0 { throw ExitStatusError(status: status) }
    if !session.options.silent && !session.options.json {
      let kept = wholeCluster ? standing.resources.count { $0.kind == .snapshot && $0.isWhole } : 0
      Console.error(CleanText.summary(plan, waits: !options.noWait, staysAll: staysAll, kept: kept))
    }
  }

  /// Where machines stay, what ran once on them stays on record; and no server is given a fresh start of which no recipe
  /// tells how: says what to do by hand, and ends with status 4.
  private func plan(
    _ world: World, _ store: any Store, _ makePlan: (CleanPlan.World) throws -> CleanPlan
  ) async throws -> (plan: CleanPlan, standing: CleanPlan.World) {
    let standing = try await world.look(store)
    let plan = try makePlan(standing)
    guard staysAll else { return (try await choosingSnapshots(plan, standing, world, store), standing) }
    let helpless = plan.withoutReset(in: session.graph)
    for rebuild in helpless {
      let (name, targets) = (rebuild.place.name, rebuild.targets.joined(separator: " "))
      Console.error(
        "stackmake: error: clean \(targets): server `\(name)` exists already, and nothing here tells how to make it "
          + "fresh\n  hint: reinstall \(name) (\(rebuild.machine.id)) by hand, pin its new host key, then `stackmake clean "
          + "\(targets) --fresh`; or give a rule `reset/\(name):` a recipe that does it")
    }
    guard helpless.isEmpty else { throw ExitStatusError.locked }
    return (plan.keepingOnce(in: session.graph), standing)
  }

  /// What is rebuilt from a snapshot; and why it isn't where there is one.
  private func choosingSnapshots(
    _ plan: CleanPlan, _ standing: CleanPlan.World, _ world: World, _ store: any Store
  ) async throws -> CleanPlan {
    guard let cluster = world.cluster, !world.book.sets.isEmpty, !plan.rebuilds.isEmpty else { return plan }
    try world.compareSnapshots(store)
    let rebuilt = Set(plan.rebuilds.map(\.place.name))
    // A server without a machine gets a new one, too.
    let missing = Set(session.graph.places.map(\.name)).subtracting(standing.machines.map(\.tag.server))
    let choice = try await session.reported {
      try await SnapshotChooser(cluster, world.book, store).choice(rebuilt.union(missing), in: session.graph)
    }
    for (set, why) in choice.unused.sorted(by: { $0.key < $1.key }) where !session.options.silent {
      Console.error("stackmake: snapshot \(set) isn't used: \(why)")
    }
    var plan = plan
    for index in plan.rebuilds.indices {
      plan.rebuilds[index].restore = choice.restores[plan.rebuilds[index].place.name]
    }
    return plan
  }

  private var staysAll: Bool { session.graph.variables["cloud"] == "static" }
}

import ArgumentParser
import StackMake
import Targets

/// `stackmake [GOAL…] [NAME=VALUE…]`
struct BuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Build what is stale, everything by default (needs no word).")

  @OptionGroup var common: CommonOptions

  @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Say what would be done, and why; change nothing.")
  var dryRun = false

  @Option(name: [.short, .long], help: ArgumentHelp("At most N targets at once.", valueName: "N"))
  var jobs = 64

  @Flag(name: [.short, .customLong("keep-going")], help: "After a failure, build all that does not depend on it.")
  var keepGoing = false

  @Flag(
    name: [.customShort("B"), .customLong("always-make")],
    help: "Treat the goals as stale; never overrides the lock of a once step.")
  var alwaysMake = false

  @Flag(name: [.short, .long], help: "Run nothing; exit 1 if anything is stale.")
  var question = false

  @Option(name: .long, help: ArgumentHelp("Write the run as Chrome trace events.", valueName: "FILE"))
  var trace: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Do what this plan of `plan --save` says, where nothing moved since.", valueName: "FILE"))
  var apply: String?

  @Argument(help: ArgumentHelp("Targets or globs; NAME=VALUE sets a variable.", valueName: "goal"))
  var words: [String] = []

  func validate() throws {
    if jobs < 1 { throw ValidationError("-j takes a whole number from 1.") }
    guard apply != nil else { return }
    if !words.isEmpty { throw ValidationError("--apply takes goals and variables from the plan.") }
    if alwaysMake || question || common.noRefresh {
      throw ValidationError("--apply can't be combined with -B, -q or --no-refresh.")
    }
  }

  mutating func run() async throws {
    if let apply { return try await carryOut(PlanFile(reading: apply)) }
    let (goals, overrides) = CommandWords.split(words)
    let answer = try isPlain ? FreshAnswer(common, goals: goals, overrides: overrides) : nil
    if let count = answer?.count { return say(count) }
    let session = try Session.open(common, overrides: overrides)
    let targets = try session.targets(goals)
    let files = try session.sourceFiles(targets)
    let forced = alwaysMake ? Set(targets) : []
    if dryRun || question {
      try await plan(session, targets, files, forced, answer)
    } else {
      try await build(session, targets, files, forced, answer)
    }
  }

  /// What was planned, and nothing else.
  private func carryOut(_ file: PlanFile) async throws {
    let session = try Session.open(common, overrides: file.question.overrides)
    let targets = try session.targets(file.question.goals)
    if dryRun {
      let standing = try await file.check(session, targets).now
      let text = PlanText(graph: session.graph, json: session.options.json).text(standing.plan)
      Console.write(standing.redactor.redact(text), to: .standardOutput)
      if standing.plan.contains(where: { $0.state.word == "locked" }) { throw ExitStatusError.locked }
      return
    }
    let files = try session.sourceFiles(targets)
    try await build(session, targets, files, file.question.isForced ? Set(targets) : [], nil, file)
  }

  /// Whether all that it says where there is nothing to do is one line.
  private var isPlain: Bool { !alwaysMake && !common.json && !common.verbose && trace == nil }

  /// That line.
  private func say(_ count: Int) {
    if question { return }
    if dryRun {
      Console.line(PlanText.nothingToDo(count))
    } else if !common.silent {
      Console.error(SummaryText.upToDate(count))
    }
  }

  private func plan(
    _ session: Session, _ targets: [TargetID], _ files: SourceFiles, _ forced: Set<TargetID>, _ answer: FreshAnswer?
  ) async throws {
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true)
    let assessor = try await session.reported {
      try await world.assessor(targets, files: files, store: store, forced: forced)
    }
    let plan = TargetStatus.plan(assessor, targets, running: try TargetStatus.running(session, store))
    await world.close()
    if !question {
      let text = PlanText(graph: session.graph, json: session.options.json).text(plan)
      Console.write(world.redactor.redact(text), to: .standardOutput)
    }
    if !plan.isEmpty, plan.allSatisfy({ $0.state == .fresh }) { answer?.keep(plan.count, session, world, store) }
    if question, plan.contains(where: { $0.state != .fresh }) { throw ExitStatusError.stale }
    if plan.contains(where: { $0.state.word == "locked" }) { throw ExitStatusError.locked }
  }

  private func build(
    _ session: Session, _ targets: [TargetID], _ files: SourceFiles, _ forced: Set<TargetID>, _ answer: FreshAnswer?,
    _ file: PlanFile? = nil
  ) async throws {
    try CloudChoice.check(session)
    let lock = try session.lock()
    // Under the lock: from here on nobody else moves anything.
    let planned = try await file?.check(session, targets).builds
    let store = try session.store()
    let voice = LateNote()
    let world = try World.open(session, store: store, isReading: false, voice: voice)
    let run = try session.recorded { () throws(StoreError) in
      try store.beginRun(Run(command: session.command, startedAt: session.start))
    }
    let reporters = try RunReporters(session, redactor: world.redactor, trace: trace)
    voice.reporter = reporters.all
    let status: Int32
    var summary: Summary?
    do {
      let interrupt = Interrupt()
      let pool = ThreadPool(width: min(jobs, 256) + 8)
      let (jobs, keepsGoing) = (jobs, keepGoing)
      let task = Task { () async throws -> Summary in
        try await world.cleaner(store, reporters.all, interrupt, pool).resume(graph: session.graph)
        let assessor = try await world.assessor(targets, files: files, store: store, forced: forced)
        if let cluster = world.cluster, !world.book.sets.isEmpty, !session.options.noRefresh {
          try await SnapshotChooser(cluster, world.book, store).choose(
            targets, assessor, reporters.all, now: Session.now())
        }
        if let end = Standing.end(assessor, session.graph.closure(of: targets)), end <= Session.now() {
          reporters.all.report(
            .warning(
              target: nil,
              text: "the cluster \(ClusterEnd.text(end, now: Session.now())): anybody's `gc --expired` may take it; "
                + "a longer `expire` keeps it"))
        }
        var builder = Builder(
          assessor: assessor, runner: world.runner, files: files, secrets: world.secrets, store: store,
          reporter: reporters.all, interrupt: interrupt, pool: pool, now: Session.now, jobs: jobs,
          keepsGoing: keepsGoing)
        builder.planned = planned
        let summary = try await builder.build(targets, run: run)
        if summary.built + summary.failed > 0, !interrupt.isRequested {
          do {
            try await world.tidy(targets, store, reporters.all)
          } catch  where summary.failed > 0 {
            // What failed has been said, and this is most likely the same once more. The next run looks first.
          }
        }
        return summary
      }
      let signals = Signals(interrupt, reporters.all) { task.cancel() }
      let result = await task.result
      signals.stop()
      reporters.finish()
      let ended = try session.said(result)
      summary = ended
      status = Self.status(ended)
    } catch let error as ExitStatusError {
      status = error.status
    }
    await world.close()
    // Runs that only looked would push those that tell something out of the history.
    let isAllFresh = summary.map { $0.fresh == $0.wanted } ?? false
    let requests = isAllFresh ? [] : voice.requests.counts
    try session.recorded { () throws(StoreError) in
      try store.endRun(run, at: Session.now(), status: status, turns: summary?.turns ?? [], requests: requests)
    }
    if isAllFresh, let count = summary?.fresh, count > 0, status == 0 {
      answer?.keepAfterBuild(count, session, world, store)
    }
    extendLifetime(lock)
    if status != 0 { throw ExitStatusError(status: status) }
  }

  private static func status(_ summary: Summary) -> Int32 {
    if summary.interrupted > 0 { return ExitStatusError.interrupted.status }
    if summary.failed > 0 { return ExitStatusError.failed.status }
    if summary.locked > 0 { return ExitStatusError.locked.status }
    return 0
  }
}

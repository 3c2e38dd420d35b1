import ArgumentParser
import StackMake
import Targets

/// `stackmake snapshot [TARGET…]`
struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Keep images of what is stacked, from which a later build of the same starts.",
    discussion: """
      Of stacked/* where there is no word, and always of all servers that know of each other. They are stopped for as \
      long as it takes, and started again. A build or clean that gives one of them a new machine makes it from the image \
      where nothing has changed since. clean keeps snapshots; --delete deletes them, gc lists those that no build would use.
      """)

  @OptionGroup var common: CommonOptions

  @Flag(name: .long, help: "List what there is, and whether a build would use it.")
  var list = false

  @Flag(name: .long, help: "Delete those of these targets, or all.")
  var delete = false

  @Flag(name: [.short, .long], help: "Don't ask.")
  var yes = false

  @Argument(help: ArgumentHelp("Targets or globs (stacked/* unless given).", valueName: "target"))
  var words: [String] = []

  func validate() throws {
    if list && delete { throw ValidationError("--list and --delete don't go together.") }
  }

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    let targets = goals.isEmpty ? Array(session.graph.targets) : try session.targets(goals)
    let run = SnapshotRun(session: session, targets: targets, isAsked: !goals.isEmpty, isAsking: !yes)
    if list { return try await run.list() }
    if delete { return try await run.delete() }
    try await run.make()
  }
}

/// Makes snapshots, lists or deletes them.
private struct SnapshotRun {
  let session: Session
  let targets: [TargetID]
  /// Whether these targets were named.
  let isAsked: Bool
  let isAsking: Bool

  private var graph: Graph { session.graph }

  // MARK: Making

  func make() async throws {
    let groups = SnapshotGroup.of(targets, in: graph)
    if groups.isEmpty { throw wrong("there is no stacked/X to make a snapshot of") }
    for problem in groups.flatMap({ $0.problems(in: graph) }) { throw wrong(problem) }
    try CloudChoice.check(session)
    let lock = try session.lock()
    let store = try session.store()
    let voice = LateNote()
    let world = try World.open(session, store: store, isReading: false, voice: voice)
    guard let cluster = world.cluster, cluster.cloud.makesSnapshots else {
      throw wrong("servers of `cloud = static` aren't made from images: there is nothing to make a snapshot of")
    }
    let reporters = try RunReporters(session, redactor: world.redactor, trace: nil)
    voice.reporter = reporters.all
    let interrupt = Interrupt()
    try await session.reported {
      try await world.cleaner(store, reporters.all, interrupt, ThreadPool(width: 8)).resume(graph: graph)
    }
    let sets = try await sets(groups, world, store)
    let missing = try await session.reported { try await unmade(sets, cluster) }
    try await purge(world, store)
    if missing.isEmpty {
      await world.close()
      if !session.options.silent { Console.error("stackmake: \(Count(sets.count, "snapshot")) up to date") }
      return
    }
    try ask(missing)
    let run = try session.recorded { () throws(StoreError) in
      try store.beginRun(Run(command: session.command, startedAt: session.start))
    }
    let maker = SnapshotMaker(cluster, store: store, reporter: reporters.all, interrupt: interrupt, now: Session.now)
    let task = Task { () async -> [StepError] in
      for set in missing {
        do throws(StepError) { try await maker.make(set) } catch { return [error] }
      }
      return []
    }
    let signals = Signals(interrupt, reporters.all) { task.cancel() }
    let failures = await task.value
    signals.stop()
    reporters.finish()
    for failure in failures { Console.error("stackmake: error: \(failure)") }
    let status: Int32 =
      failures.isEmpty ? 0 : interrupt.isRequested ? ExitStatusError.interrupted.status : ExitStatusError.failed.status
    try session.recorded { () throws(StoreError) in try store.endRun(run, at: Session.now(), status: status) }
    await world.close()
    extendLifetime(lock)
    if status != 0 { throw ExitStatusError(status: status) }
    for set in missing where !session.options.silent {
      Console.error("stackmake: snapshot \(set.id) of \(set.targetsText)")
    }
  }

  /// What there is to make images of; ends with status 3 where it isn't up to date.
  private func sets(_ groups: [SnapshotGroup], _ world: World, _ store: any Store) async throws -> [SnapshotSet] {
    let targets = groups.flatMap(\.targets)
    let files = try session.sourceFiles(targets)
    let assessor = try await session.reported {
      try await world.assessor(targets, files: files, store: store, forced: [])
    }
    let late = assessor.plan(targets).filter { $0.state != .fresh }.map { graph.name($0.target) }
    if let first = late.first {
      let others = late.count == 1 ? "" : " (nor \(Count(late.count - 1, "other")))"
      Console.error(
        "stackmake: error: snapshot: \(first) isn't up to date\(others)\n"
          + "  hint: a snapshot is of what was built: run `stackmake` first; `stackmake why \(first)` says what is missing"
      )
      throw ExitStatusError.failed
    }
    let machines = try await session.reported { try await world.cluster?.machines() ?? [] }
    return try session.recorded { () throws(StoreError) in
      var bases: [String: String] = [:]
      var standing: [String: Machine] = [:]
      for place in graph.places {
        guard let trace = assessor.traces[graph.placePrefix + place.name],
          let machine = machines.first(where: { $0.id == trace.outputs["id"] })
        else { continue }
        standing[place.name] = machine
        if let restore = try Restore.read(place.name, store), restore.image == machine.imageID {
          bases[place.name] = restore.base
        }
      }
      return groups.map {
        SnapshotSet(
          $0.targets, in: graph, assessor.traces, machines: standing, bases: bases, at: Session.now().rounded())
      }
    }
  }

  /// Those that aren't there yet, neither as they are nor as that from which their servers were made.
  private func unmade(_ sets: [SnapshotSet], _ cluster: Cluster) async throws(StepError) -> [SnapshotSet] {
    let images: [Snapshot]
    do throws(CloudError) {
      images = try await cluster.cloud.snapshots(ofCluster: cluster.id)
    } catch {
      throw StepError(error, subject: cluster.name)
    }
    return sets.filter { set in
      !set.origins.contains { origin in
        set.members.allSatisfy { member in
          images.contains { $0.status == .active && $0.tag.server == member.server && $0.tag.set == origin }
        }
      }
    }
  }

  /// Forgets snapshots of which `gc` or somebody else has deleted every image.
  private func purge(_ world: World, _ store: any Store) async throws {
    let left = Set(try await images(world).compactMap(\.set))
    let gone = world.book.sets.filter { !left.contains($0.id) }.map { ($0.register, String?.none) }
    if gone.isEmpty { return }
    try session.recorded { () throws(StoreError) in try store.set(Dictionary(uniqueKeysWithValues: gone)) }
  }

  private func ask(_ sets: [SnapshotSet]) throws {
    guard isAsking, Terminal.isTerminal(2) else { return }
    let count = sets.reduce(0) { $0 + $1.members.count }
    for set in sets { Console.error("make a snapshot of \(set.targetsText)") }
    guard Console.confirm("stop \(Count(count, "server")) for it?") else {
      Console.error("stackmake: nothing was done")
      throw ExitStatusError.wrongUse
    }
  }

  private func wrong(_ text: String) -> ExitStatusError {
    Console.error("stackmake: error: snapshot: \(text)")
    return .wrongUse
  }

  // MARK: Listing and deleting

  func list() async throws {
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true, isCleaning: true)
    let images = try await images(world)
    try world.compareSnapshots(store)
    await world.close()
    let review = SnapshotReview(world.book, images, in: graph)
    let text = SnapshotText(json: session.options.json, now: Session.now()).text(world.book, images, review)
    Console.write(world.redactor.redact(text), to: .standardOutput)
  }

  func delete() async throws {
    let names = Set(targets.map { graph.name($0) })
    let lock = try session.lock()
    let store = try session.store()
    let world = try World.open(session, store: store, isReading: false, isCleaning: true)
    let images = try await images(world)
    let asked = Set(
      world.book.sets.filter { set in !isAsked || set.members.contains { names.contains($0.target) } }.map(\.id))
    // Where all are to go, those as well that nothing is on record of.
    let sets = isAsked ? asked : asked.union(images.compactMap(\.set))
    let gone = images.filter { sets.contains($0.set ?? "") }
    if isAsking, !gone.isEmpty, Terminal.isTerminal(2) {
      guard Console.confirm("delete \(Count(gone.count, "image"))?") else {
        Console.error("stackmake: nothing was done")
        throw ExitStatusError.wrongUse
      }
    }
    let reporters = try RunReporters(session, redactor: world.redactor, trace: nil)
    if let cluster = world.cluster {
      let maker = SnapshotMaker(
        cluster, store: store, reporter: reporters.all, interrupt: Interrupt(), now: Session.now)
      try await session.reported { for set in sets.sorted() { try await maker.remove(set) } }
    }
    reporters.finish()
    await world.close()
    extendLifetime(lock)
    if !session.options.silent { Console.error("stackmake: \(Count(gone.count, "image")) deleted") }
  }

  private func images(_ world: World) async throws -> [CloudResource] {
    try await session.reported { try await world.cluster?.resources([.snapshot]) ?? [] }
  }
}

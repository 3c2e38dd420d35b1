import ArgumentParser
import StackMake
import Targets

/// `stackmake why TARGET`
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "The chain of reasons that makes a target stale, down to the changed byte, and what acting would cost.")

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("A target; NAME=VALUE sets a variable.", valueName: "target"))
  var words: [String]

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    if goals.isEmpty {
      Console.error("stackmake: error: `why` takes the name of a target")
      throw ExitStatusError.wrongUse
    }
    let targets = try session.targets(goals)
    let store = try session.readOnlyStore()
    let voice = LateNote()
    let world = try World.open(session, store: store, isReading: true, voice: voice)
    let files = try session.sourceFiles(targets)
    let assessor = try await session.reported {
      try await world.assessor(targets, files: files, store: store, forced: [])
    }
    let plan = TargetStatus.plan(assessor, targets, running: try TargetStatus.running(session, store))
    let review = try await snapshots(world, session, targets)
    await world.close()
    let durations = try session.recorded { () throws(StoreError) in try store.durations() }
    let (secrets, digests) = (world.secrets, world.digests)
    let detail = ReasonDetail(
      // A text that can't be read is one that wasn't kept.
      before: { digest in (try? store.keptText(digest)) ?? nil },
      now: { digest in files.text(of: digest).map { SourceFiles.hidden($0, secrets, digests) } })
    var text = WhyText(
      session.graph, plan, traces: assessor.traces, detail: detail, requests: voice.requests.counts)
    var costs: [TargetID: ActCost] = [:]
    for target in targets {
      costs[target] = ActCost(of: target, plan, session.graph, seconds: durations)
      text.add(target, cost: costs[target]!)
      if let review { text.add(snapshotsOf: target, world.book, review, now: Session.now()) }
    }
    let output =
      session.options.json
      ? text.records(costs).map(\.line).joined() : text.lines.joined(separator: "\n") + "\n"
    Console.write(world.redactor.redact(output), to: .standardOutput)
  }

  /// Nil where none of these targets has a snapshot on record.
  private func snapshots(_ world: World, _ session: Session, _ targets: [TargetID]) async throws -> SnapshotReview? {
    let names = Set(targets.map { session.graph.name($0) })
    guard let cluster = world.cluster, !session.options.noRefresh,
      world.book.sets.contains(where: { $0.members.contains { names.contains($0.target) } })
    else { return nil }
    let images = try await session.reported { try await cluster.resources([.snapshot]) }
    return SnapshotReview(world.book, images, in: session.graph)
  }
}

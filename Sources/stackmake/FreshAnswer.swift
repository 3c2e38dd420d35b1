import FoundationEssentials
import StackMake
import SystemPackage

/// The answer "nothing to do" of an earlier run, where nothing that it came from has changed since; and how a run
/// that found the same leaves it for the next.
struct FreshAnswer {
  private let question: FreshProof.Question
  private let environment: [String: String]
  private let directory: FilePath
  private let asksCloud: Bool
  /// Before anything was looked at.
  private let start = Self.now()
  private let before: RecordStamp?

  init(_ common: CommonOptions, goals: [String], overrides: [(name: String, value: String)]) throws {
    let stackfile = try Session.stackfile(common)
    environment = ProcessInfo.processInfo.environment
    directory = Session.stateDirectory(of: stackfile)
    asksCloud = !common.noRefresh
    question = FreshProof.Question(
      program: FileStamp(of: "/proc/self/exe"), version: Stackmake.version, stackfile: stackfile.string, goals: goals,
      overrides: overrides)
    before = RecordStamp(of: directory, at: start)
  }

  /// How many targets are up to date; nil where that has to be found out.
  var count: Int? {
    guard before != nil, let proof = FreshProof(readFrom: directory),
      proof.holds(for: question, environment: environment, asksCloud: asksCloud, in: directory)
    else { return nil }
    return proof.count
  }

  /// After a run that only looked, and found `count` targets up to date.
  func keep(_ count: Int, _ session: Session, _ world: World, _ store: SQLiteStore) {
    // What was written meanwhile, this run may not have seen.
    guard let before, before == RecordStamp(of: directory, at: Self.now()), isWhole(session, world, store) else {
      return
    }
    write(count, session, before)
  }

  /// After a build that found `count` targets up to date, and holds the lock still. The store is closed.
  func keepAfterBuild(_ count: Int, _ session: Session, _ world: World, _ store: SQLiteStore) {
    guard isWhole(session, world, store), store.close() else { return }
    RecordStamp.settle(directory, at: Self.now())
    guard let record = RecordStamp(of: directory, at: Self.now()) else { return }
    write(count, session, record)
  }

  /// Whether a build would find no more to do than the targets: nothing to go on with, no secret to make.
  private func isWhole(_ session: Session, _ world: World, _ store: SQLiteStore) -> Bool {
    // Where the cloud was asked, the answer is the cloud's.
    guard !asksCloud || session.graph.places.isEmpty else { return false }
    return world.secrets.count == session.graph.secrets.count && (try? store.intents())?.isEmpty == true
  }

  private func write(_ count: Int, _ session: Session, _ record: RecordStamp) {
    let hasServers = !session.graph.places.isEmpty
    let proof = FreshProof(
      question, environment: environment, using: hasServers ? .all : .names(session.environmentUsed),
      files: session.files.seen, since: start, record: record, count: count, trustsRecord: hasServers)
    proof?.write(to: directory)
  }

  /// Nanoseconds since 1970.
  private static func now() -> Int64 { Int64(Session.now() * 1e9) }
}

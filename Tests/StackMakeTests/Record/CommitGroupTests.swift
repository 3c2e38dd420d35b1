import Dispatch
import GRDB
import Support
import Synchronization
import SystemPackage
import Testing

@testable import StackMake

@Suite(.timeLimit(.minutes(1))) struct CommitGroupTests {
  private let scratch: ScratchDirectory
  private let store: SQLiteStore

  init() throws {
    scratch = try ScratchDirectory()
    store = try SQLiteStore(directory: scratch.path.appending(".stackmake"))
  }

  /// Runs the writers while another transaction is open, so that all wait for it; returns how many commits that took.
  private func together(_ writers: [@Sendable (SQLiteStore) -> Void]) async -> Int {
    let store = store
    let (begun, begin) = AsyncStream.makeStream(of: Void.self)
    let isOver = DispatchSemaphore(value: 0)
    let before = store.commits.commits
    return await withTaskGroup(of: Void.self) { group in
      let pool = ThreadPool(width: writers.count + 1)
      group.addTask(executorPreference: pool) {
        do {
          try store.write("hold the record", point: "hold") { _ in
            begin.yield()
            isOver.wait()
          }
        } catch {
          Issue.record(error)
        }
      }
      for await _ in begun { break }
      for writer in writers { group.addTask(executorPreference: pool) { writer(store) } }
      while store.commits.waiting < writers.count { await Task.yield() }
      isOver.signal()
      await group.waitForAll()
      return store.commits.commits - before
    }
  }

  private static func writer(
    _ body: @escaping @Sendable (SQLiteStore) throws -> Void
  ) -> @Sendable (SQLiteStore) -> Void {
    { store in
      do { try body(store) } catch { Issue.record(error) }
    }
  }

  @Test func aWriterAloneIsACommitEach() throws {
    let before = store.commits.commits
    for number in 0..<3 { try store.start("a\(number)", run: 1, at: 1) }
    #expect(store.commits.commits - before == 3)
  }

  @Test func marksOfOneTargetAreOneCommit() throws {
    let before = store.commits.commits
    let step = StepRecord(
      number: 0, fingerprint: Fingerprint(of: "x"), state: .started, isOnce: false, generation: "", at: 2)
    try store.mark([.forgetSteps(from: 0), .start(run: 1, at: 1), .step(step)], of: "a")
    try store.mark([], of: "a")
    #expect(store.commits.commits - before == 1)
    #expect(try store.running() == ["a": 1])
    #expect(try store.progress(of: "a") == [step])
  }

  @Test func whoWaitsTogetherIsCommittedTogether() async throws {
    let writers = (0..<20).map { number in
      Self.writer { store in try store.start("target-\(number)", run: 1, at: Double(number)) }
    }
    #expect(await together(writers) == 2)
    #expect(try store.running().count == 20)
  }

  /// Whoever commits for others holds nothing of theirs once they go on.
  @Test func manyWriteAllTheTime() async throws {
    let store = store
    let pool = ThreadPool(width: 32)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<32 {
        group.addTask(executorPreference: pool) {
          for count in 0..<40 {
            #expect(throws: Never.self) { try store.start("target-\(number)", run: 1, at: Double(count)) }
          }
        }
      }
    }
    #expect(try store.running().count == 32)
  }

  @Test func eachHasItsOwnAnswer() async throws {
    let answers = Mutex<[Int64]>([])
    var writers = (0..<6).map { _ in
      Self.writer { store in
        let run = try store.beginRun(Run(command: "x", startedAt: 1))
        answers.withLock { $0.append(run) }
      }
    }
    // What it wrote before it failed is undone, and nothing else.
    writers.append { store in
      #expect(throws: StoreError.self) {
        try store.write("fail", point: "fail") { database in
          try database.execute(sql: "INSERT INTO register VALUES ('half', 'done')")
          try database.execute(sql: "INSERT INTO nowhere VALUES (1)")
        }
      }
    }
    #expect(await together(writers) == 2)
    #expect(answers.withLock { $0.sorted() } == Array(1...6))
    #expect(try store.registers(prefix: "").isEmpty)
  }

  /// An error that ends the whole transaction costs the others nothing.
  @Test func oneThatEndsTheTransactionTakesNobodyAlong() async throws {
    let writers: [@Sendable (SQLiteStore) -> Void] = [
      Self.writer { store in try store.set(["a": "1"]) },
      { store in
        #expect(throws: StoreError.self) {
          try store.write("roll back", point: "roll back") { database in try database.execute(sql: "ROLLBACK") }
        }
      },
      Self.writer { store in try store.set(["b": "2"]) },
    ]
    #expect(await together(writers) > 2)
    #expect(try store.registers(prefix: "") == ["a": "1", "b": "2"])
  }

  /// As SQLite tells it.
  @Test func aCommitIsATransactionOfSQLite() async throws {
    let transactions = Mutex(0)
    let observer = Counter { transactions.withLock { $0 += 1 } }
    store.withDatabase { $0.add(transactionObserver: observer, extent: .databaseLifetime) }
    let writers = (0..<8).map { number in
      Self.writer { store in try store.set(["r\(number)": "x"]) }
    }
    #expect(await together(writers) == 2)
    // Whether it tells of the one that holds the record, and writes nothing, is its own affair.
    #expect((1...2).contains(transactions.withLock { $0 }))
  }
}

private final class Counter: TransactionObserver {
  private let tell: @Sendable () -> Void
  init(_ tell: @escaping @Sendable () -> Void) { self.tell = tell }
  func observes(eventsOfKind: DatabaseEventKind) -> Bool { true }
  func databaseDidChange(with event: DatabaseEvent) {}
  func databaseDidCommit(_ database: Database) { tell() }
  func databaseDidRollback(_ database: Database) {}
}

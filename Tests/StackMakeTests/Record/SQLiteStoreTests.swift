import FoundationEssentials
import GRDB
import Glibc
import Support
import Synchronization
import SystemPackage
import Testing

@testable import StackMake

@Suite struct SQLiteStoreTests {
  let scratch: ScratchDirectory
  let directory: FilePath
  var file: FilePath { directory.appending("record.sqlite") }

  init() throws {
    scratch = try ScratchDirectory()
    directory = scratch.path.appending(".stackmake")
  }

  func mode(_ path: FilePath) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  func bytes(_ path: FilePath) throws -> Data { try Data(contentsOf: URL(filePath: path.string)) }

  func damage(_ change: (inout Data) -> Void) throws {
    var data = try bytes(file)
    change(&data)
    try data.write(to: URL(filePath: file.string))
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file.string + suffix) }
  }

  @Test func makesAPrivateDirectoryAndFile() throws {
    let store = try SQLiteStore(directory: directory)
    try store.set(["a": "b"])
    #expect(try mode(directory) == 0o700)
    for name in ["record.sqlite", "record.sqlite-wal", "record.sqlite-shm"] {
      #expect(try mode(directory.appending(name)) == 0o600)
    }
  }

  @Test func tightensALooseDirectoryAndFile() throws {
    do { _ = try SQLiteStore(directory: directory) }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.string)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.string)
    _ = try SQLiteStore(directory: directory)
    #expect(try mode(directory) == 0o700)
    #expect(try mode(file) == 0o600)
  }

  @Test func syncsEachCommit() throws {
    let store = try SQLiteStore(directory: directory)
    #expect(try store.withDatabase { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    #expect(try store.withDatabase { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
  }

  @Test func keepsEverythingBetweenOpenings() throws {
    let trace = StoreContract.trace("server/a")
    do {
      let store = try SQLiteStore(directory: directory)
      try store.finish(trace)
      _ = try store.begin(Intent(action: "create", subject: "server/b", values: ["name": "lab-b"], at: 1))
      #expect(try store.secret("PASSWORD") { "one" } == "one")
    }
    let store = try SQLiteStore(directory: directory)
    #expect(try store.traces() == ["server/a": trace])
    #expect(try store.intents().map(\.subject) == ["server/b"])
    #expect(try store.secret("PASSWORD") { "two" } == "one")
  }

  @Test func tellsTheHookOfEachCommit() throws {
    let points = Mutex<[String]>([])
    let store = try SQLiteStore(directory: directory) { point in points.withLock { $0.append(point) } }
    let memory = InMemoryStore()
    for store in [store as any Store, memory] {
      let run = try store.beginRun(Run(command: "x", startedAt: 0))
      try store.start("a", run: run, at: 1)
      let intent = try store.begin(Intent(action: "create", subject: "a", values: [:], at: 1))
      try store.note(intent, values: ["id": "1"])
      try store.settle(intent, set: [:])
      _ = try store.secret("s") { "v" }
      _ = try store.secret("s") { "v" }
      let digest = Fingerprint(of: "x")
      try store.record(
        StepRecord(number: 0, fingerprint: digest, state: .started, isOnce: true, generation: "", at: 2), of: "a")
      try store.finish(StoreContract.trace("a"))
      try store.endRun(run, at: 3, status: 0)
    }
    let expected = [
      "run:begin", "start", "journal:create", "note", "settle", "secret", "step:started", "finish", "run:end",
    ]
    #expect(points.withLock { $0 } == expected)
    #expect(memory.points == expected)
  }

  @Test func isUsedFromManyThreads() async throws {
    let store = try SQLiteStore(directory: directory)
    await withTaskGroup(of: Void.self) { group in
      for i in 0..<8 {
        group.addTask {
          for j in 0..<25 {
            #expect(throws: Never.self) {
              try store.finish(StoreContract.trace("t/\(i)-\(j)"))
              _ = try store.traces()
              _ = try store.secret("s") { "\(i)" }
            }
          }
        }
      }
    }
    #expect(try store.traces().count == 200)
  }

  // MARK: Damage

  @Test(arguments: [
    "garbage that is no database at all, and longer than a header would be", "short", "SQLite format 3\0",
  ])
  func refusesWhatIsNoDatabase(contents: String) throws {
    try StateDirectory.prepare(directory)
    let data = Data(contents.utf8)
    try data.write(to: URL(filePath: file.string))
    for open in [{ try SQLiteStore(directory: directory) }, { try SQLiteStore(readingFrom: directory) }] {
      let error = try #require(throws: StoreError.self) { _ = try open() }
      #expect(error.code == .damaged)
      #expect(error.cause == "the record is damaged: it isn't a SQLite database")
      #expect(
        error.hint == """
          nothing was changed. Don't delete it: it says which servers exist. Put back a copy, or save what can be read \
          into a new file, and put that in its place:
              (echo 'PRAGMA user_version=2;PRAGMA application_id=1398033229;'; sqlite3 '\(file)' .dump) \
          | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 '\(file)'.new
          """)
    }
    #expect(try bytes(file) == data)
  }

  @Test func refusesAnotherProgramsDatabase() throws {
    try StateDirectory.prepare(directory)
    do {
      let other = try DatabaseQueue(path: file.string)
      try other.write { try $0.execute(sql: "CREATE TABLE t (x); PRAGMA application_id = 5") }
    }
    let before = try bytes(file)
    let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(directory: directory) }
    #expect(error.code == .damaged)
    #expect(error.cause == "the record is damaged: it is a SQLite database, but not one of stackmake's")
    #expect(try bytes(file) == before)
  }

  @Test func refusesAMalformedJournal() throws {
    do {
      let store = try SQLiteStore(directory: directory)
      _ = try store.begin(Intent(action: "create", subject: "server/a", values: [:], at: 1))
      try store.withDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }
    let page = try DatabaseQueue(path: file.string).inDatabase { database in
      try #require(try Int.fetchOne(database, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'intent'"))
    }
    try damage { data in for i in 0..<64 { data[(page - 1) * 4096 + i] = 0xff } }
    let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(directory: directory) }
    #expect(error.code == .damaged)
  }

  @Test func reportsAMalformedTrace() throws {
    do {
      let store = try SQLiteStore(directory: directory)
      try store.finish(StoreContract.trace("a"))
      try store.withDatabase { try $0.execute(sql: "UPDATE trace SET manifest = x'01ff'") }
    }
    let store = try SQLiteStore(directory: directory)
    let error = try #require(throws: StoreError.self) { try store.traces() }
    #expect(error.code == .damaged)
    #expect(error.cause == "the record is damaged: a row can't be decoded")
  }

  @Test func readsACutFileAsDamaged() throws {
    do {
      let store = try SQLiteStore(directory: directory)
      for i in 0..<200 { try store.finish(StoreContract.trace("t\(i)")) }
      try store.withDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }
    try damage { $0.removeLast($0.count / 2) }
    let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(directory: directory).traces() }
    #expect(error.code == .damaged)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3"), "needs sqlite3"))
  func theHintSavesWhatCanBeRead() throws {
    do {
      let store = try SQLiteStore(directory: directory)
      _ = try store.begin(Intent(action: "create", subject: "server/a", values: ["id": "u"], at: 1))
      for i in 0..<200 { try store.finish(StoreContract.trace("t\(i)")) }
      try store.withDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }
    // The last page: a leaf of the traces, which were written last.
    try damage { data in for i in data.count - 4096..<data.count - 3996 { data[i] = 0xff } }
    let status = system(StoreError.recovery(of: file.string) + " 2>/dev/null")
    #expect(status == 0)
    try FileManager.default.removeItem(atPath: file.string)
    try FileManager.default.moveItem(atPath: file.string + ".new", toPath: file.string)
    let store = try SQLiteStore(directory: directory)
    #expect(try store.intents().map(\.subject) == ["server/a"])
    #expect((1...200).contains(try store.traces().count))
  }

  // MARK: Reading only

  @Test func readingMakesNothingWhereThereIsNothing() throws {
    let store = try SQLiteStore(readingFrom: directory)
    #expect(try store.traces().isEmpty)
    #expect(try store.secret("a") { "1" } == "1")
    #expect(try store.secret("a") { "2" } == "1")
    #expect(!FileManager.default.fileExists(atPath: directory.string))
  }

  @Test func readingChangesNothing() throws {
    do { try SQLiteStore(directory: directory).set(["a": "b"]) }
    let before = try bytes(file)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.string).sorted()
    do {
      let store = try SQLiteStore(readingFrom: directory)
      #expect(try store.registers(prefix: "") == ["a": "b"])
      let error = try #require(throws: StoreError.self) { try store.set(["c": "d"]) }
      #expect(error.code == .readOnly)
      #expect(error.description == "set registers: \(file): the record was opened for reading only")
    }
    #expect(try bytes(file) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.string).sorted() == names)
  }

  @Test func readsACopyWithoutItsLog() throws {
    do {
      let store = try SQLiteStore(directory: directory)
      try store.set(["a": "b"])
      try store.withDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }
    try damage { _ in }
    let store = try SQLiteStore(readingFrom: directory)
    #expect(try store.registers(prefix: "") == ["a": "b"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.string) == ["record.sqlite"])
  }

  @Test func readsWhileAnotherWrites() throws {
    let writer = try SQLiteStore(directory: directory)
    try writer.set(["a": "1"])
    let reader = try SQLiteStore(readingFrom: directory)
    #expect(try reader.registers(prefix: "") == ["a": "1"])
    try writer.set(["a": "2"])
    #expect(try reader.registers(prefix: "") == ["a": "2"])
  }

  // MARK: Troubles

  @Test func reportsAFullDisk() throws {
    let store = try SQLiteStore(directory: directory)
    try store.set(["kept": "1"])
    try store.withDatabase { database in
      let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
      try database.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
    let error = try #require(throws: StoreError.self) {
      try store.set(["big": String(repeating: "x", count: 1 << 20)])
    }
    #expect(error.code == .full)
    #expect(error.hint == "make room on the disk and run stackmake again: it goes on from there")
    #expect(try store.registers(prefix: "") == ["kept": "1"])
  }

  @Test func reportsARecordThatAnotherHolds() throws {
    let other = try SQLiteStore(directory: directory)
    let store = try SQLiteStore(directory: directory, schema: .current, busyTimeout: 0.05)
    try other.withDatabase { database in
      try database.execute(sql: "BEGIN IMMEDIATE")
      let error = try #require(throws: StoreError.self) { try store.set(["a": "b"]) }
      #expect(error.code == .busy)
      try database.execute(sql: "ROLLBACK")
    }
    try store.set(["a": "b"])
  }

  @Test func reportsAMissingParent() throws {
    let error = try #require(throws: StoreError.self) {
      _ = try SQLiteStore(directory: scratch.path.appending("none/.stackmake"))
    }
    #expect(error.code == .io)
    #expect(error.operation == "create the state directory")
    #expect(error.hint == "make the directory `\(scratch.path)/none` first")
  }

  @Test func loadsManyTraces() throws {
    let store = try SQLiteStore(directory: directory)
    try store.withDatabase { database in
      try database.execute(
        sql: """
          INSERT INTO trace WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
          SELECT 'group/target-' || i, 'task', randomblob(32), ?, ?, 1, 1, 1 FROM n
          """,
        arguments: [
          Data(RecordBlob.encode([ManifestEntry("kind", "task"), ManifestEntry("step 1", "echo hello, world")])),
          Data(RecordBlob.encode(["id": "1"])),
        ])
    }
    let traces = try store.traces()
    #expect(traces.count == 20000)
    #expect(traces["group/target-20000"]?.manifest.last?.value == "echo hello, world")
  }
}

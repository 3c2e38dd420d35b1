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

  private func mode(_ path: FilePath) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  private func bytes(_ path: FilePath) throws -> Data { try Data(contentsOf: URL(filePath: path.string)) }

  private func damage(_ change: (inout Data) -> Void) throws {
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
              (echo 'PRAGMA user_version=1;PRAGMA application_id=1398033229;'; sqlite3 '\(file)' .dump) \
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

  // MARK: Versions

  @Test func refusesANewerVersionAndLeavesItAlone() throws {
    do {
      let store = try SQLiteStore(directory: directory)
      try store.withDatabase {
        try $0.execute(sql: "PRAGMA user_version = 9; PRAGMA wal_checkpoint(TRUNCATE)")
      }
    }
    let before = try bytes(file)
    for open in [{ try SQLiteStore(directory: directory) }, { try SQLiteStore(readingFrom: directory) }] {
      let error = try #require(throws: StoreError.self) { _ = try open() }
      #expect(error.code == .newerVersion)
      #expect(error.cause == "the record has version 9, and this stackmake knows versions up to 1")
      #expect(error.hint == "update stackmake: a newer one wrote this record; nothing was changed")
    }
    #expect(try bytes(file) == before)
  }

  @Test func refusesANewerVersionThatIsOnlyInTheLog() throws {
    let newer = try SQLiteStore(directory: directory)
    try newer.withDatabase { try $0.execute(sql: "PRAGMA user_version = 9") }
    let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(directory: directory) }
    #expect(error.code == .newerVersion)
    withExtendedLifetime(newer) {}
  }

  /// As the first release wrote it. Never to be changed: such files exist.
  private static let version1 = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE trace (
      target TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, fingerprint BLOB NOT NULL, manifest BLOB NOT NULL,
      outputs BLOB NOT NULL, run INTEGER NOT NULL, built_at REAL NOT NULL, seconds REAL NOT NULL);
    CREATE TABLE duration (
      target TEXT NOT NULL, run INTEGER NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (target, run)) WITHOUT ROWID;
    CREATE TABLE step (
      target TEXT NOT NULL, number INTEGER NOT NULL, fingerprint BLOB NOT NULL, state TEXT NOT NULL,
      once INTEGER NOT NULL, generation TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (target, number)) WITHOUT ROWID;
    CREATE TABLE failure (
      target TEXT PRIMARY KEY NOT NULL, code TEXT NOT NULL, operation TEXT NOT NULL, subject TEXT NOT NULL,
      cause TEXT NOT NULL, hint TEXT, run INTEGER NOT NULL, at REAL NOT NULL);
    CREATE TABLE running (target TEXT PRIMARY KEY NOT NULL, run INTEGER NOT NULL, at REAL NOT NULL);
    CREATE TABLE intent (
      id INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, subject TEXT NOT NULL, details BLOB NOT NULL,
      at REAL NOT NULL);
    CREATE TABLE register (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE secret (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE run (
      id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL,
      status INTEGER);
    PRAGMA user_version = 1;
    PRAGMA application_id = 1398033229;
    INSERT INTO trace VALUES ('server/a', 'server',
      x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      x'0102046b696e6406736572766572036b657900', x'010102697003312e32', 4, 1800000000.5, 61.5);
    INSERT INTO intent VALUES (7, 'create', 'server/b', x'0100', 5.0);
    INSERT INTO register VALUES ('generation/a', '2');
    INSERT INTO secret VALUES ('PASSWORD', 'abc');
    """

  private func writeVersion1() throws {
    try StateDirectory.prepare(directory)
    try DatabaseQueue(path: file.string).inDatabase { try $0.execute(sql: Self.version1) }
  }

  @Test func opensWhatTheFirstReleaseWrote() throws {
    try writeVersion1()
    let store = try SQLiteStore(directory: directory)
    let expected = Trace(
      target: "server/a", kind: "server", fingerprint: try #require(Fingerprint(bytes: 0..<32)),
      manifest: [ManifestEntry("kind", "server"), ManifestEntry("key", "")], outputs: ["ip": "1.2"], run: 4,
      builtAt: 1_800_000_000.5, seconds: 61.5)
    #expect(try store.traces() == ["server/a": expected])
    #expect(try store.intents() == [Intent(id: 7, action: "create", subject: "server/b", values: [:], at: 5)])
    #expect(try store.registers(prefix: "") == ["generation/a": "2"])
    #expect(try store.secret("PASSWORD") { "made" } == "abc")
  }

  @Test func migratesAnOlderFile() throws {
    try writeVersion1()
    let next = Schema(
      migrations: Schema.current.migrations + ["ALTER TABLE register ADD COLUMN note TEXT DEFAULT 'x'"])
    do {
      let reader = try SQLiteStore(readingFrom: directory, schema: next)
      #expect(try reader.withDatabase { try String.fetchOne($0, sql: "SELECT note FROM register") } == "x")
      #expect(try reader.intents().map(\.id) == [7])
    }
    // Reading migrated a copy only.
    do { #expect(try SQLiteStore(directory: directory).intents().count == 1) }
    do {
      let store = try SQLiteStore(directory: directory, schema: next)
      #expect(try store.withDatabase { try Schema.foundVersion($0) } == 2)
      #expect(try store.intents().map(\.id) == [7])
    }
    let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(directory: directory) }
    #expect(error.cause == "the record has version 2, and this stackmake knows versions up to 1")
  }

  @Test func leavesAFileWhoseMigrationFailed() throws {
    try writeVersion1()
    let broken = Schema(migrations: Schema.current.migrations + ["DROP TABLE running; SELECT nonsense"])
    #expect(throws: StoreError.self) { _ = try SQLiteStore(directory: directory, schema: broken) }
    let store = try SQLiteStore(directory: directory)
    #expect(try store.running().isEmpty)
    #expect(try store.intents().count == 1)
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

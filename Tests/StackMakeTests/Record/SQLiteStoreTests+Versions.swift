import FoundationEssentials
import GRDB
import Support
import SystemPackage
import Testing

@testable import StackMake

/// Files that another version wrote.
extension SQLiteStoreTests {
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
      #expect(error.cause == "the record has version 9, and this stackmake knows versions up to 2")
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
      #expect(try store.withDatabase { try Schema.foundVersion($0) } == 3)
      #expect(try store.intents().map(\.id) == [7])
    }
    let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(directory: directory) }
    #expect(error.cause == "the record has version 3, and this stackmake knows versions up to 2")
  }

  @Test func leavesAFileWhoseMigrationFailed() throws {
    try writeVersion1()
    let broken = Schema(migrations: Schema.current.migrations + ["DROP TABLE running; SELECT nonsense"])
    #expect(throws: StoreError.self) { _ = try SQLiteStore(directory: directory, schema: broken) }
    let store = try SQLiteStore(directory: directory)
    #expect(try store.running().isEmpty)
    #expect(try store.intents().count == 1)
  }
}

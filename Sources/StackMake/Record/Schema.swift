import GRDB

/// The tables of the record, and how an older file becomes a newer one.
///
/// The number of a version is SQLite's `user_version`. History:
/// - 1: first release: trace, duration, step, failure, running, intent, register, secret, run.
/// - 2: turn, request, kept, content.
///
/// A new version is a new element of `migrations`. Those that were released never change, and
/// none may drop what says that something exists in a cloud (intent, register, secret, trace).
struct Schema {
  /// Statements that lead from version i to version i + 1.
  var migrations: [String]

  var version: Int { migrations.count }

  static let current = Schema(migrations: [version1, version2])

  /// SQLite's `application_id`: "STKM". Tells a record from any other database.
  static let applicationID = 0x5354_4b4d

  /// From the version that the database has to this one, in one transaction.
  func migrate(_ database: Database) throws {
    var found = try Schema.foundVersion(database)
    if found == version { return }
    try database.inTransaction(.immediate) {
      // Again, now that no other process can be doing the same.
      found = try Schema.foundVersion(database)
      for migration in migrations.dropFirst(found) { try database.execute(sql: migration) }
      try database.execute(sql: "PRAGMA user_version = \(version)")
      if found == 0 { try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)") }
      return .commit
    }
  }

  static func foundVersion(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
  }

  private static let version1 = """
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
    """

  private static let version2 = """
    CREATE TABLE turn (
      run INTEGER NOT NULL, target TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL NOT NULL, outcome TEXT NOT NULL,
      details BLOB NOT NULL, PRIMARY KEY (run, target)) WITHOUT ROWID;
    CREATE TABLE request (
      run INTEGER NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL, method TEXT NOT NULL, status INTEGER NOT NULL,
      count INTEGER NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (run, host, path, method, status)) WITHOUT ROWID;
    CREATE TABLE kept (target TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (target, digest)) WITHOUT ROWID;
    CREATE INDEX kept_digest ON kept (digest);
    CREATE TABLE content (digest BLOB PRIMARY KEY NOT NULL, text TEXT NOT NULL);
    """
}

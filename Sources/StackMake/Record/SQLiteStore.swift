import GRDB
import GRDBSQLite
import Synchronization
package import SystemPackage

/// The record in `.stackmake/record.sqlite`.
///
/// One connection, which takes turns between threads; write-ahead logging, so that `status` can
/// read while a build writes; synced at each commit, so that a row is there after a power cut. Those who write at the
/// same time share a commit.
package final class SQLiteStore: Store {
  /// The database file; also where it would be.
  package let path: FilePath
  private let queue: DatabaseQueue
  private let group: CommitGroup
  private let hook: (@Sendable (String) -> Void)?
  let isReadOnly: Bool
  /// Secrets that were asked for while nothing may be written.
  let passingSecrets = Mutex<[String: String]>([:])

  package static let fileName: FilePath.Component = "record.sqlite"

  /// Opens the record for writing: makes directory and file where they don't exist, migrates an older file.
  ///
  /// `hook` is called after each commit with a short name of it (`start`, `journal:create`, `finish`), on the
  /// thread that wrote.
  package convenience init(directory: FilePath, hook: (@Sendable (String) -> Void)? = nil) throws(StoreError) {
    try self.init(directory: directory, schema: .current, hook: hook)
  }

  init(
    directory: FilePath, schema: Schema, busyTimeout: Double = 5, hook: (@Sendable (String) -> Void)? = nil
  ) throws(StoreError) {
    let operation = "open the record"
    let path = directory.appending(Self.fileName)
    self.path = path
    self.hook = hook
    isReadOnly = false
    try StateDirectory.prepare(directory)
    let header = try RecordHeader(of: path, operation: operation)
    try header?.check(knows: schema.version, operation: operation, path: path)
    try StateDirectory.prepareFile(path)
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(busyTimeout)
      queue = try DatabaseQueue(path: path.string, configuration: configuration)
      group = CommitGroup(queue)
      try queue.inDatabase { database in
        try Self.checkVersion(database, schema: schema, operation: operation, path: path)
        try Self.setUp(database)
        try schema.migrate(database)
        try Self.checkWhatCosts(database, operation: operation, path: path)
      }
    } catch {
      throw StoreError(error, operation: operation, path: path.string)
    }
  }

  /// Opens the record for reading: makes no directory and no record, and changes none. Where there is no record
  /// it is empty. Whatever would write throws `.readOnly`, but for `secret`, which then holds as long as this store.
  package convenience init(readingFrom directory: FilePath) throws(StoreError) {
    try self.init(readingFrom: directory, schema: .current)
  }

  init(readingFrom directory: FilePath, schema: Schema) throws(StoreError) {
    let operation = "read the record"
    let path = directory.appending(Self.fileName)
    self.path = path
    hook = nil
    isReadOnly = true
    let header = try RecordHeader(of: path, operation: operation)
    try header?.check(knows: schema.version, operation: operation, path: path)
    do {
      guard header != nil else {
        queue = try DatabaseQueue()
        group = CommitGroup(queue)
        try queue.inDatabase { try schema.migrate($0) }
        return
      }
      let file = try Self.fileForReading(path)
      let version = try file.inDatabase { database in
        try Self.checkVersion(database, schema: schema, operation: operation, path: path)
        return try Schema.foundVersion(database)
      }
      // An older file is read through a copy in memory that has been migrated.
      queue = version == schema.version ? file : try DatabaseQueue()
      group = CommitGroup(queue)
      guard queue !== file else { return }
      try file.backup(to: queue)
      try queue.inDatabase { try schema.migrate($0) }
    } catch {
      throw StoreError(error, operation: operation, path: path.string)
    }
  }

  /// Runs `body` on the database; its reads see one state.
  func read<Value>(_ operation: String, _ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do {
      return try queue.read(body)
    } catch {
      throw StoreError(error, operation: operation, path: path.string)
    }
  }

  /// How often the disk was waited for since the record was opened, and how many writers wait for the next time.
  var commits: (commits: Int, waiting: Int) { group.counts }

  /// Runs `body` in one transaction, maybe with those of other threads, on disk when this returns, and then tells the
  /// hook of `point`.
  func write<Value>(
    _ operation: String, point: String, _ body: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    try write(operation, points: [point], body)
  }

  /// The same where the transaction is more than one thing to the hook.
  func write<Value>(
    _ operation: String, points: [String], _ body: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    guard !isReadOnly else { throw .readingOnly(operation: operation, path: path.string) }
    let value: Value
    do {
      value = try group.write(body)
    } catch {
      throw StoreError(error, operation: operation, path: path.string)
    }
    if let hook { points.forEach(hook) }
    return value
  }

  /// Ends the connection, and brings what is in the log into the database where nobody else reads it. Nothing can be
  /// read or written any more. False where that didn't work.
  package func close() -> Bool {
    do {
      try queue.close()
      return true
    } catch {
      return false
    }
  }

  /// Runs `body` outside a transaction, for settings of the connection.
  func withDatabase<Value>(_ body: (Database) throws -> Value) rethrows -> Value { try queue.inDatabase(body) }

  private static func setUp(_ database: Database) throws {
    let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    guard mode == "wal" else {
      throw DatabaseError(message: "write-ahead logging can't be switched on here: it is `\(mode ?? "")`")
    }
    // <https://www.sqlite.org/pragma.html#pragma_synchronous>: "WAL mode is always consistent with
    // synchronous=NORMAL, but WAL mode does lose durability."
    try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304")
    // The log and its index stay when the last connection closes: a reader needs them, and may not make them.
    var keep: CInt = 1
    let code = sqlite3_file_control(database.sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &keep)
    guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }

  /// Again, now through the log: the header alone may be behind it.
  private static func checkVersion(_ database: Database, schema: Schema, operation: String, path: FilePath) throws {
    let found = try Schema.foundVersion(database)
    guard found <= schema.version else {
      throw StoreError.newer(operation: operation, path: path.string, found: found, known: schema.version)
    }
    let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    guard found > 0 || tables == 0 else {
      throw StoreError.damaged(
        operation: operation, path: path.string, cause: "it is a SQLite database, but not one of stackmake's")
    }
  }

  /// Looks through the small tables that say what exists and costs money; damage elsewhere is met when it's read.
  private static func checkWhatCosts(_ database: Database, operation: String, path: FilePath) throws {
    for table in ["intent", "register", "secret"] {
      let found = try String.fetchOne(database, sql: "PRAGMA quick_check('\(table)')")
      guard found == "ok" else {
        // Its first line only names the database.
        let text = (found ?? "").split(separator: "\n").filter { !$0.hasPrefix("***") }.joined(separator: ", ")
        throw StoreError.damaged(operation: operation, path: path.string, cause: "table \(table): \(text)")
      }
    }
  }

  /// A database whose log doesn't exist was copied without it, or recovered: opening it as a file would make a log.
  /// Its bytes are read into memory instead.
  private static func fileForReading(_ path: FilePath) throws -> DatabaseQueue {
    guard StateDirectory.exists(FilePath(path.string + "-wal")) else {
      let queue = try DatabaseQueue()
      try queue.inDatabase { try deserialize(try StateDirectory.bytes(of: path), into: $0) }
      return queue
    }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    return try DatabaseQueue(path: path.string, configuration: configuration)
  }

  private static func deserialize(_ bytes: [UInt8], into database: Database) throws {
    guard let copy = sqlite3_malloc64(UInt64(bytes.count)) else { throw DatabaseError(resultCode: .SQLITE_NOMEM) }
    copy.copyMemory(from: bytes, byteCount: bytes.count)
    let buffer = copy.assumingMemoryBound(to: UInt8.self)
    // <https://www.sqlite.org/c3ref/deserialize.html>: a database in memory can't use a log, so the bytes of the
    // header that say so become those of a rollback journal.
    if bytes.count >= 20 { (buffer[18], buffer[19]) = (1, 1) }
    let size = Int64(bytes.count)
    let flags = UInt32(SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE)
    let code = sqlite3_deserialize(database.sqliteConnection, "main", buffer, size, size, flags)
    guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }
}

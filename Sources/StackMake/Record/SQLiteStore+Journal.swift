import FoundationEssentials
import GRDB
import Synchronization
import SystemPackage

/// The journal, registers, secrets and the history of runs.
extension SQLiteStore {
  package func begin(_ intent: Intent) throws(StoreError) -> Int64 {
    let operation = "journal: \(intent.action) \(intent.subject)"
    return try write(operation, point: "journal:\(intent.action)") { database in
      try database.execute(
        cached: "INSERT INTO intent (action, subject, details, at) VALUES (?, ?, ?, ?)",
        [intent.action, intent.subject, Data(RecordBlob.encode(intent.values)), intent.at])
      return database.lastInsertedRowID
    }
  }

  package func note(_ intent: Int64, values: [String: String]) throws(StoreError) {
    let operation = "journal: note what came of intent \(intent)"
    let path = path.string
    try write(operation, point: "note") { database in
      let row = try Row.fetchOne(database, sql: "SELECT details FROM intent WHERE id = ?", arguments: [intent])
      guard let row else {
        throw StoreError(code: .other, operation: operation, path: path, cause: "there is no such open intent")
      }
      let old = try Self.bytes(row, at: 0) { bytes in try RecordBlob.values(bytes) }
      try database.execute(
        cached: "UPDATE intent SET details = ? WHERE id = ?",
        [Data(RecordBlob.encode(old.merging(values) { $1 })), intent])
    }
  }

  package func settle(_ intent: Int64, set: [String: String?]) throws(StoreError) {
    try write("journal: settle intent \(intent)", point: "settle") { database in
      try database.execute(cached: "DELETE FROM intent WHERE id = ?", [intent])
      try Self.store(set, database)
    }
  }

  package func intents() throws(StoreError) -> [Intent] {
    try read("read the journal") { database in
      let rows = try Row.fetchAll(database, sql: "SELECT id, action, subject, details, at FROM intent ORDER BY id")
      return try rows.map { row in
        Intent(
          id: row[0], action: row[1], subject: row[2],
          values: try Self.bytes(row, at: 3) { bytes in try RecordBlob.values(bytes) }, at: row[4])
      }
    }
  }

  package func registers(prefix: String) throws(StoreError) -> [String: String] {
    try read("read the registers `\(prefix)`") { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT name, value FROM register WHERE substr(name, 1, length(?1)) = ?1", arguments: [prefix])
      return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    }
  }

  package func set(_ registers: [String: String?]) throws(StoreError) {
    try write("set registers", point: "set") { try Self.store(registers, $0) }
  }

  private static func store(_ registers: [String: String?], _ database: Database) throws {
    for (name, value) in registers {
      if let value {
        try database.execute(cached: "INSERT OR REPLACE INTO register VALUES (?, ?)", [name, value])
      } else {
        try database.execute(cached: "DELETE FROM register WHERE name = ?", [name])
      }
    }
  }

  package func secret(_ name: String) throws(StoreError) -> String? {
    try read("read the secret \(name)") { try Self.secret(name, $0) }
  }

  package func secret(_ name: String, make: () -> String) throws(StoreError) -> String {
    if let stored = try secret(name) { return stored }
    if isReadOnly {
      let made = make()
      return passingSecrets.withLock { secrets in
        if let earlier = secrets[name] { return earlier }
        secrets[name] = made
        return made
      }
    }
    return try write("keep the secret \(name)", point: "secret") { database in
      // Another thread may have been faster.
      if let stored = try Self.secret(name, database) { return stored }
      let made = make()
      try database.execute(cached: "INSERT INTO secret VALUES (?, ?)", [name, made])
      return made
    }
  }

  private static func secret(_ name: String, _ database: Database) throws -> String? {
    try String.fetchOne(database, sql: "SELECT value FROM secret WHERE name = ?", arguments: [name])
  }

  package func beginRun(_ run: Run) throws(StoreError) -> Int64 {
    try write("record the run", point: "run:begin") { database in
      try database.execute(
        cached: "INSERT INTO run (command, started_at, ended_at, status) VALUES (?, ?, ?, ?)",
        [run.command, run.startedAt, run.endedAt, run.status])
      return database.lastInsertedRowID
    }
  }

  package func runs(limit: Int) throws(StoreError) -> [Run] {
    try read("read the history") { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT id, command, started_at, ended_at, status FROM run ORDER BY id DESC LIMIT ?",
        arguments: [max(0, limit)])
      return rows.map { row in
        Run(id: row[0], command: row[1], startedAt: row[2], endedAt: row[3], status: row[4])
      }
    }
  }
}

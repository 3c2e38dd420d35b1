import FoundationEssentials
import GRDB

/// Traces, progress, failures and running rows.
extension SQLiteStore {
  /// How many builds the expected time of the next one is taken from.
  private static let durationsKept = 5

  package func traces() throws(StoreError) -> [String: Trace] {
    try read("read the traces") { database in
      var traces: [String: Trace] = [:]
      traces.reserveCapacity(try Int.fetchOne(database, sql: "SELECT count(*) FROM trace") ?? 0)
      let rows = try Row.fetchCursor(database, sql: Self.selectTrace)
      while let row = try rows.next() {
        let trace = try Self.trace(row)
        traces[trace.target] = trace
      }
      return traces
    }
  }

  package func trace(of target: String) throws(StoreError) -> Trace? {
    try read("read the trace of \(target)") { database in
      try Row.fetchOne(database, sql: Self.selectTrace + " WHERE target = ?", arguments: [target]).map(Self.trace)
    }
  }

  package func finish(_ trace: Trace, turn: Turn?, kept: [KeptText]) throws(StoreError) {
    try write("record \(trace.target)", point: "finish") { database in
      try database.execute(
        cached: "INSERT OR REPLACE INTO trace VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
          trace.target, trace.kind, Data(trace.fingerprint.bytes), Data(RecordBlob.encode(trace.manifest)),
          Data(RecordBlob.encode(trace.outputs)), trace.run, trace.builtAt, trace.seconds,
        ])
      try database.execute(
        cached: "INSERT OR REPLACE INTO duration VALUES (?, ?, ?)", [trace.target, trace.run, trace.seconds])
      try database.execute(
        cached: """
          DELETE FROM duration WHERE target = ?1 AND run NOT IN
            (SELECT run FROM duration WHERE target = ?1 ORDER BY run DESC LIMIT \(Self.durationsKept))
          """, [trace.target])
      for table in ["failure", "step", "running"] { try Self.delete(trace.target, from: table, database) }
      try Self.keep(kept, of: trace.target, database)
      if let turn { try Self.add(turn, database) }
    }
  }

  package func forget(_ targets: [String]) throws(StoreError) {
    try write("forget targets", point: "forget") { database in
      for target in targets {
        for table in ["trace", "failure", "step", "running", "kept"] { try Self.delete(target, from: table, database) }
      }
    }
  }

  package func progress(of target: String) throws(StoreError) -> [StepRecord] {
    try read("read the progress of \(target)") { database in
      let rows = try Row.fetchAll(
        database,
        sql: "SELECT number, fingerprint, state, once, generation, at FROM step WHERE target = ? ORDER BY number",
        arguments: [target])
      return try rows.map { row in
        guard let state = StepRecord.State(rawValue: row[2]) else { throw RecordBlob.Malformed() }
        return StepRecord(
          number: row[0], fingerprint: try Self.fingerprint(row, at: 1), state: state, isOnce: row[3],
          generation: row[4], at: row[5])
      }
    }
  }

  package func mark(_ marks: [BuildMark], of target: String) throws(StoreError) {
    guard let first = marks.first else { return }
    try write("\(first.operation) of \(target)", points: marks.map(\.point)) { database in
      for mark in marks { try Self.write(mark, of: target, database) }
    }
  }

  private static func write(_ mark: BuildMark, of target: String, _ database: Database) throws {
    switch mark {
    case .start(let run, let at):
      try database.execute(cached: "INSERT OR REPLACE INTO running VALUES (?, ?, ?)", [target, run, at])
    case .step(let step):
      try database.execute(
        cached: "INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
          target, step.number, Data(step.fingerprint.bytes), step.state.rawValue, step.isOnce, step.generation, step.at,
        ])
    case .forgetSteps(let number):
      try database.execute(cached: "DELETE FROM step WHERE target = ? AND number >= ?", [target, number])
    }
  }

  package func failures() throws(StoreError) -> [String: Failure] {
    try read("read the failures") { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT target, code, operation, subject, cause, hint, run, at FROM failure")
      var failures: [String: Failure] = [:]
      for row in rows {
        guard let code = StepError.Code(rawValue: row[1]) else { throw RecordBlob.Malformed() }
        let error = StepError(code, operation: row[2], subject: row[3], cause: row[4], hint: row[5])
        failures[row[0]] = Failure(target: row[0], error: error, run: row[6], at: row[7])
      }
      return failures
    }
  }

  package func fail(_ failure: Failure, turn: Turn?) throws(StoreError) {
    try write("record the failure of \(failure.target)", point: "fail") { database in
      let error = failure.error
      try database.execute(
        cached: "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
          failure.target, error.code.rawValue, error.operation, error.subject, error.cause, error.hint, failure.run,
          failure.at,
        ])
      try Self.delete(failure.target, from: "running", database)
      if let turn { try Self.add(turn, database) }
    }
  }

  package func running() throws(StoreError) -> [String: Double] {
    try read("read what is running") { database in
      let rows = try Row.fetchAll(database, sql: "SELECT target, at FROM running")
      return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    }
  }

  package func durations() throws(StoreError) -> [String: Double] {
    try read("read the durations") { database in
      var seconds: [String: [Double]] = [:]
      let rows = try Row.fetchCursor(database, sql: "SELECT target, seconds FROM duration")
      while let row = try rows.next() { seconds[row[0], default: []].append(row[1]) }
      return seconds.mapValues { Estimates.median($0) }
    }
  }

  private static let selectTrace =
    "SELECT target, kind, fingerprint, manifest, outputs, run, built_at, seconds FROM trace"

  private static func trace(_ row: Row) throws -> Trace {
    Trace(
      target: row[0], kind: row[1], fingerprint: try fingerprint(row, at: 2),
      manifest: try bytes(row, at: 3) { bytes in try RecordBlob.entries(bytes) },
      outputs: try bytes(row, at: 4) { bytes in try RecordBlob.values(bytes) },
      run: row[5], builtAt: row[6], seconds: row[7])
  }

  private static func fingerprint(_ row: Row, at index: Int) throws -> Fingerprint {
    try bytes(row, at: index) { bytes in
      guard let fingerprint = Fingerprint(bytes: bytes) else { throw RecordBlob.Malformed() }
      return fingerprint
    }
  }

  private static func delete(_ target: String, from table: String, _ database: Database) throws {
    try database.execute(cached: "DELETE FROM \(table) WHERE target = ?", [target])
  }
}

extension SQLiteStore {
  /// The bytes of a blob, as SQLite holds them: no copy.
  static func bytes<Value>(_ row: Row, at index: Int, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value
  {
    try row.withUnsafeData(atIndex: index) { data in
      guard let data else { throw RecordBlob.Malformed() }
      return try data.withUnsafeBytes(body)
    }
  }
}

extension Database {
  /// Runs a statement that stays compiled.
  func execute(cached sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
    try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
  }
}

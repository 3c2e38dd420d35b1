import FoundationEssentials
import GRDB

/// Turns, requests and kept texts.
extension SQLiteStore {
  package func endRun(
    _ run: Int64, at: Double, status: Int32, turns: [Turn], requests: [RequestCount]
  ) throws(StoreError) {
    try write("record the end of the run", point: "run:end") { database in
      try database.execute(cached: "UPDATE run SET ended_at = ?, status = ? WHERE id = ?", [at, status, run])
      for turn in turns { try Self.add(turn, database) }
      for request in requests {
        try database.execute(
          cached: "INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?, ?, ?)",
          [run, request.host, request.path, request.method, request.status, request.count, request.seconds])
      }
      for table in ["turn", "request"] {
        try database.execute(
          cached: """
            DELETE FROM \(table) WHERE run NOT IN
              (SELECT run FROM turn UNION SELECT run FROM request ORDER BY run DESC LIMIT \(runsKept))
            """, [])
      }
      try database.execute(
        cached: "DELETE FROM content WHERE digest NOT IN (SELECT digest FROM kept)", [])
    }
  }

  /// In the transaction that records what became of the target.
  static func add(_ turn: Turn, _ database: Database) throws {
    try database.execute(
      cached: "INSERT OR REPLACE INTO turn VALUES (?, ?, ?, ?, ?, ?)",
      [
        turn.run, turn.target, turn.startedAt, turn.endedAt, turn.outcome,
        Data(RecordBlob.encode(TurnBlob.entries(turn))),
      ])
  }

  /// In the transaction that records the success.
  static func keep(_ texts: [KeptText], of target: String, _ database: Database) throws {
    try database.execute(cached: "DELETE FROM kept WHERE target = ?", [target])
    for text in texts {
      let digest = Data(text.digest.bytes)
      try database.execute(cached: "INSERT OR IGNORE INTO content VALUES (?, ?)", [digest, text.text])
      try database.execute(cached: "INSERT OR IGNORE INTO kept VALUES (?, ?)", [target, digest])
    }
  }

  package func turns(of run: Int64) throws(StoreError) -> [Turn] {
    try read("read the turns of run \(run)") { database in
      let rows = try Row.fetchAll(
        database,
        sql: "SELECT target, started_at, ended_at, outcome, details FROM turn WHERE run = ? ORDER BY ended_at, target",
        arguments: [run])
      return try rows.map { try Self.turn($0, run: run) }
    }
  }

  package func lastBuilt(_ target: String) throws(StoreError) -> Turn? {
    try read("read the last turn of \(target)") { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT target, started_at, ended_at, outcome, details, run FROM turn
          WHERE target = ? AND outcome = 'built' ORDER BY run DESC LIMIT 1
          """, arguments: [target])
      return try row.map { try Self.turn($0, run: $0[5]) }
    }
  }

  private static func turn(_ row: Row, run: Int64) throws -> Turn {
    try TurnBlob.turn(
      Turn(run: run, target: row[0], startedAt: row[1], endedAt: row[2], outcome: row[3]),
      try bytes(row, at: 4) { bytes in try RecordBlob.entries(bytes) })
  }

  package func runsWithTurns() throws(StoreError) -> [Int64] {
    try read("read the history") { database in
      try Int64.fetchAll(database, sql: "SELECT DISTINCT run FROM turn ORDER BY run DESC")
    }
  }

  package func requests(of run: Int64) throws(StoreError) -> [RequestCount] {
    try read("read the requests of run \(run)") { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT method, host, path, status, count, seconds FROM request WHERE run = ?
          ORDER BY host, path, method, status
          """, arguments: [run])
      return rows.map { row in
        RequestCount(method: row[0], host: row[1], path: row[2], status: row[3], count: row[4], seconds: row[5])
      }
    }
  }

  package func keptText(_ digest: Fingerprint) throws(StoreError) -> String? {
    try read("read the text of a file") { database in
      try String.fetchOne(
        database, sql: "SELECT text FROM content WHERE digest = ?", arguments: [Data(digest.bytes)])
    }
  }
}

/// Reasons, cause and steps of a turn as entries: a step begins with its text, and what follows is of it.
enum TurnBlob {
  static func entries(_ turn: Turn) -> [ManifestEntry] {
    var entries = turn.reasons.map { ManifestEntry("reason", $0) }
    if let cause = turn.cause { entries.append(ManifestEntry("cause", cause)) }
    for step in turn.steps {
      entries += [
        ManifestEntry("step", step.text), ManifestEntry("number", "\(step.number)"),
        ManifestEntry("place", step.place), ManifestEntry("started", "\(step.startedAt)"),
      ]
      if let seconds = step.seconds { entries.append(ManifestEntry("seconds", "\(seconds)")) }
      entries += step.phases.map { ManifestEntry("phase", "\($0.at) \($0.name)") }
    }
    return entries
  }

  /// `turn` with what the entries say. Keys that it doesn't know are left out.
  static func turn(_ turn: Turn, _ entries: [ManifestEntry]) throws(RecordBlob.Malformed) -> Turn {
    var turn = turn
    for entry in entries {
      switch entry.key {
      case "reason": turn.reasons.append(entry.value)
      case "cause": turn.cause = entry.value
      case "step": turn.steps.append(Turn.Step(number: 0, text: entry.value, place: "", startedAt: 0))
      case "phase":
        let parts = entry.value.split(separator: " ", maxSplits: 1)
        guard let last = turn.steps.indices.last, parts.count == 2, let at = Double(parts[0]) else {
          throw RecordBlob.Malformed()
        }
        turn.steps[last].phases.append(Turn.Step.Phase(String(parts[1]), at: at))
      case "number", "place", "started", "seconds":
        guard let last = turn.steps.indices.last else { throw RecordBlob.Malformed() }
        if entry.key == "place" {
          turn.steps[last].place = entry.value
          continue
        }
        guard let number = Double(entry.value) else { throw RecordBlob.Malformed() }
        switch entry.key {
        case "number": turn.steps[last].number = Int(number)
        case "started": turn.steps[last].startedAt = number
        default: turn.steps[last].seconds = number
        }
      default: break
      }
    }
    return turn
  }
}

/// What stackmake remembers of a cluster between runs.
///
/// Every method that changes something is one transaction, on disk (fsync) when it returns. Methods block for
/// that long, and may be called from any thread. Nothing here is ever deleted to get out of trouble.
package protocol Store: History {
  // Traces: what was built. `finish` (of `History`) records a success: it replaces the trace, and forgets the target's
  // failure, its progress and `running` row.
  func traces() throws(StoreError) -> [String: Trace]
  func trace(of target: String) throws(StoreError) -> Trace?
  /// Forgets traces, failures and progress of these targets. Unknown ones are fine.
  func forget(_ targets: [String]) throws(StoreError)

  // Progress: how far a recipe got that didn't finish.
  /// The steps of an unfinished build that are done, by their number.
  func progress(of target: String) throws(StoreError) -> [StepRecord]
  /// Notes how far the build of a target is: all of it in one transaction.
  func mark(_ marks: [BuildMark], of target: String) throws(StoreError)

  // Failures and running rows, apart from traces. `fail` (of `History`) keeps a failure, and ends `running`.
  func failures() throws(StoreError) -> [String: Failure]
  /// Targets whose build started and never ended, with the time when it started.
  func running() throws(StoreError) -> [String: Double]

  // The journal: intents to make or destroy something in the world.
  /// Writes the intent; returns its number. On disk before the request may be sent.
  func begin(_ intent: Intent) throws(StoreError) -> Int64
  /// Adds what came of it so far (an id), without ending it.
  func note(_ intent: Int64, values: [String: String]) throws(StoreError)
  /// The intent is carried out, or what it left has been dealt with. Its row goes; `set` is stored in the same transaction.
  func settle(_ intent: Int64, set: [String: String?]) throws(StoreError)
  /// Open intents, oldest first.
  func intents() throws(StoreError) -> [Intent]

  // Registers: small named values that outlive a clean, such as the generation of a server.
  func registers(prefix: String) throws(StoreError) -> [String: String]
  /// Sets, or removes where the value is nil, all in one transaction.
  func set(_ registers: [String: String?]) throws(StoreError)

  // Secrets.
  /// The secret's value; nil where it was never made.
  func secret(_ name: String) throws(StoreError) -> String?
  /// The secret's value, made by `make` once and the same ever after.
  func secret(_ name: String, make: () -> String) throws(StoreError) -> String

  // History.
  func beginRun(_ run: Run) throws(StoreError) -> Int64
  /// Newest first.
  func runs(limit: Int) throws(StoreError) -> [Run]
  /// Median seconds of the last few successful builds, by target; for priorities and expected times.
  func durations() throws(StoreError) -> [String: Double]
}

/// How far the build of a target is.
package enum BuildMark: Hashable, Sendable {
  /// It starts: its `running` row is there until `finish`, `fail` or `forget`.
  case start(run: Int64, at: Double)
  /// Replaces the record of the step with that number.
  case step(StepRecord)
  /// Forgets the records of its steps from that number on.
  case forgetSteps(from: Int)

  /// What hooks of the record know it by.
  package var point: String {
    switch self {
    case .start: "start"
    case .step(let step): "step:\(step.state.rawValue)"
    case .forgetSteps: "forget-steps"
    }
  }

  /// What failed where it can't be written: `of` the target.
  package var operation: String {
    switch self {
    case .start: "record the start"
    case .step(let step): "record step \(step.number + 1)"
    case .forgetSteps: "forget the progress"
    }
  }
}

extension Store {
  package func start(_ target: String, run: Int64, at: Double) throws(StoreError) {
    try mark([.start(run: run, at: at)], of: target)
  }
  package func record(_ step: StepRecord, of target: String) throws(StoreError) {
    try mark([.step(step)], of: target)
  }
  package func forgetSteps(of target: String, from number: Int) throws(StoreError) {
    try mark([.forgetSteps(from: number)], of: target)
  }
}

/// A step of a recipe that came to an end, or a `once` step that started.
package struct StepRecord: Hashable, Sendable {
  package enum State: String, Sendable { case started, done, failed }

  /// Its number in the recipe, from 0.
  package var number: Int
  /// Digest of its text after resolution and of what it uploads.
  package var fingerprint: Fingerprint
  package var state: State
  package var isOnce: Bool
  /// The generation of the place it ran on; "" for this machine.
  package var generation: String
  /// Seconds since 1970.
  package var at: Double

  package init(number: Int, fingerprint: Fingerprint, state: State, isOnce: Bool, generation: String, at: Double) {
    self.number = number
    self.fingerprint = fingerprint
    self.state = state
    self.isOnce = isOnce
    self.generation = generation
    self.at = at
  }
}

package struct Failure: Hashable, Sendable {
  package var target: String
  package var error: StepError
  package var run: Int64
  /// Seconds since 1970.
  package var at: Double

  package init(target: String, error: StepError, run: Int64, at: Double) {
    self.target = target
    self.error = error
    self.run = run
    self.at = at
  }
}

/// A row of the journal: what is about to be made or destroyed.
package struct Intent: Hashable, Sendable {
  /// Given by the store.
  package var id: Int64
  /// `create`, `delete`, `rebuild`, …: the kind that wrote it knows.
  package var action: String
  package var subject: String
  package var values: [String: String]
  package var at: Double

  package init(id: Int64 = 0, action: String, subject: String, values: [String: String], at: Double) {
    self.id = id
    self.action = action
    self.subject = subject
    self.values = values
    self.at = at
  }
}

package struct Run: Hashable, Sendable {
  package var id: Int64
  /// Goals and options as they were typed.
  package var command: String
  package var startedAt: Double
  package var endedAt: Double?
  /// Exit status; nil while it runs, or where it never ended.
  package var status: Int32?

  package init(id: Int64 = 0, command: String, startedAt: Double, endedAt: Double? = nil, status: Int32? = nil) {
    self.id = id
    self.command = command
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.status = status
  }
}

/// The record can't be read or written: what was being done, and what SQLite said.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: Sendable { case io, full, readOnly, damaged, newerVersion, busy, other }

  package var code: Code
  package var operation: String
  package var path: String
  package var cause: String
  package var hint: String?

  package init(code: Code, operation: String, path: String, cause: String, hint: String? = nil) {
    self.code = code
    self.operation = operation
    self.path = path
    self.cause = cause
    self.hint = hint
  }

  package var description: String {
    let text = "\(operation): \(path): \(cause)"
    return hint.map { "\(text)\n  hint: \($0)" } ?? text
  }
}

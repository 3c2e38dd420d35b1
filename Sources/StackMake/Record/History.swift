/// What happened in earlier runs, for reports and expected times. Nothing that a build needs to be right.
///
/// It is written in transactions that there are anyway: with what became of a target, and with the end of a run.
package protocol History: Sendable {
  /// As `Store.finish`, and keeps the turn and the texts of files that it put. They replace what was kept of the target.
  func finish(_ trace: Trace, turn: Turn?, kept: [KeptText]) throws(StoreError)
  /// As `Store.fail`, and keeps the turn.
  func fail(_ failure: Failure, turn: Turn?) throws(StoreError)
  /// Ends a run, keeps what is told of it only now, and forgets turns and requests of all but the last runs.
  func endRun(_ run: Int64, at: Double, status: Int32, turns: [Turn], requests: [RequestCount]) throws(StoreError)
  /// In the order in which they ended.
  func turns(of run: Int64) throws(StoreError) -> [Turn]
  /// The newest turn in which the target was built; nil where none is kept.
  func lastBuilt(_ target: String) throws(StoreError) -> Turn?
  /// Runs of which there are turns, newest first.
  func runsWithTurns() throws(StoreError) -> [Int64]
  /// By host, path, method and status.
  func requests(of run: Int64) throws(StoreError) -> [RequestCount]
  /// The text of a file that a target put in its last successful build; nil where it wasn't kept.
  func keptText(_ digest: Fingerprint) throws(StoreError) -> String?
}

extension History {
  package func finish(_ trace: Trace) throws(StoreError) { try finish(trace, turn: nil, kept: []) }
  package func fail(_ failure: Failure) throws(StoreError) { try fail(failure, turn: nil) }
  package func endRun(_ run: Int64, at: Double, status: Int32) throws(StoreError) {
    try endRun(run, at: at, status: status, turns: [], requests: [])
  }
}

/// Of how many runs turns and requests are kept.
package let runsKept = 20

/// What a target's turn in a run was like: times, reasons, steps.
package struct Turn: Hashable, Sendable {
  package struct Step: Hashable, Sendable {
    /// From 1.
    package var number: Int
    /// One line, secrets hidden.
    package var text: String
    /// The servers where it ran; "" for this machine.
    package var place: String
    package var startedAt: Double
    /// Nil where it didn't come to a good end.
    package var seconds: Double?
    /// In the order in which they began.
    package var phases: [Phase] = []

    /// What its script named, and when: in seconds since it began.
    package struct Phase: Hashable, Sendable {
      package var name: String
      package var at: Double

      package init(_ name: String, at: Double) { (self.name, self.at) = (name, at) }
    }

    package init(number: Int, text: String, place: String, startedAt: Double, seconds: Double? = nil) {
      (self.number, self.text, self.place) = (number, text, place)
      (self.startedAt, self.seconds) = (startedAt, seconds)
    }
  }

  package var run: Int64
  package var target: String
  package var startedAt: Double
  package var endedAt: Double
  /// `built`, `failed`, `locked` or `interrupted`.
  package var outcome: String
  /// Why it ran, a clause each.
  package var reasons: [String]
  /// What went wrong; nil where nothing did.
  package var cause: String?
  package var steps: [Step]

  package init(
    run: Int64, target: String, startedAt: Double, endedAt: Double, outcome: String, reasons: [String] = [],
    cause: String? = nil, steps: [Step] = []
  ) {
    (self.run, self.target, self.outcome, self.reasons) = (run, target, outcome, reasons)
    (self.startedAt, self.endedAt, self.cause, self.steps) = (startedAt, endedAt, cause, steps)
  }

  package var seconds: Double { endedAt - startedAt }
}

/// Requests of a run that were the same but for ids.
package struct RequestCount: Hashable, Sendable {
  package var method: String
  package var host: String
  /// With `{id}` for what names one thing.
  package var path: String
  /// 0: no answer came.
  package var status: Int
  package var count: Int
  /// All of them together.
  package var seconds: Double

  package init(method: String, host: String, path: String, status: Int, count: Int, seconds: Double) {
    (self.method, self.host, self.path, self.status) = (method, host, path, status)
    (self.count, self.seconds) = (count, seconds)
  }
}

/// The text of a file as it was put, under the digest of its bytes.
package struct KeptText: Hashable, Sendable {
  package var digest: Fingerprint
  /// Values of secrets in it are `••••[digest]`.
  package var text: String

  package init(digest: Fingerprint, text: String) {
    (self.digest, self.text) = (digest, text)
  }

  /// Longer files aren't kept, and no more than this of one target.
  package static let longestFile = 64 << 10
  package static let mostOfTarget = 1 << 20
}

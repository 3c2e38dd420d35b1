/// A run as JSON: one object a line.
package struct JSONReporter: Reporter {
  private let sink: any TextSink
  private let isVerbose: Bool
  private let now: @Sendable () -> Double

  /// `now` in seconds since 1970. Commands and requests (`trace`) are only written where `isVerbose`.
  package init(sink: any TextSink, isVerbose: Bool, now: @escaping @Sendable () -> Double) {
    self.sink = sink
    self.isVerbose = isVerbose
    self.now = now
  }

  package func report(_ event: Event) {
    if case .trace = event, !isVerbose { return }
    sink.write(JSONEvent(event, at: now()).line)
  }
}

/// What a run did on a server.
struct JSONServerWork: JSONRecord {
  var server: String
  var built: Int
  var failed: [String]
  var seconds: Double

  init(_ row: ServerWork.Row) {
    (server, built, failed, seconds) = (row.server, row.built, row.failed, row.seconds)
  }
}

/// An event: `type` says which, and which of the other keys are there.
struct JSONEvent: JSONRecord {
  var version = jsonVersion
  var type: String
  var at: Double
  var target: String?
  var place: String?
  var run: Int64?
  var wanted: Int?
  var expectedSeconds: Double?
  var reasons: [JSONReason]?
  var number: Int?
  var count: Int?
  var text: String?
  var seconds: Double?
  var outcome: String?
  var error: JSONError?
  var because: String?
  var counts: [String: Int]?
  var servers: [JSONServerWork]?

  init(_ event: Event, at: Double) {
    self.at = at
    switch event {
    case .runStarted(let run, let wanted):
      type = "run-started"
      (self.run, self.wanted) = (run, wanted)
    case .forecast(let left):
      type = "forecast"
      seconds = left
    case .started(let target, let reasons, let expected):
      type = "started"
      (self.target, self.reasons, expectedSeconds) = (target, reasons.map { JSONReason($0) }, expected)
    case .stepStarted(let target, let number, let count, let text, let place):
      type = "step-started"
      (self.target, self.number, self.count, self.text, self.place) = (target, number, count, text, place)
    case .output(let target, let place, let line):
      type = "output"
      (self.target, self.place, text) = (target, place, line)
    case .phase(let target, let place, let phase, let left):
      type = "phase"
      (self.target, self.place, text) = (target, place, phase.name)
      (number, count, seconds) = (phase.number, phase.count, left)
    case .stepFinished(let target, let number, let seconds):
      type = "step-finished"
      (self.target, self.number, self.seconds) = (target, number, seconds)
    case .note(let target, let text):
      type = "note"
      (self.target, self.text) = (target, text)
    case .warning(let target, let text):
      type = "warning"
      (self.target, self.text) = (target, text)
    case .trace(let target, let text):
      type = "trace"
      (self.target, self.text) = (target, text)
    case .finished(let target, let outcome, let seconds):
      type = "finished"
      (self.target, self.outcome, self.seconds) = (target, outcome.name, seconds)
      switch outcome {
      case .failed(let error): self.error = JSONError(error)
      case .locked(let error, let reasons):
        self.error = JSONError(error)
        self.reasons = reasons.map { JSONReason($0) }
      case .skipped(let dependency): because = dependency
      case .fresh, .built, .interrupted: break
      }
    case .runFinished(let summary):
      type = "run-finished"
      seconds = summary.seconds
      wanted = summary.wanted
      counts = [
        "fresh": summary.fresh, "built": summary.built, "failed": summary.failed, "locked": summary.locked,
        "skipped": summary.skipped, "interrupted": summary.interrupted,
      ]
      if !summary.servers.isEmpty { servers = summary.servers.map { JSONServerWork($0) } }
    }
  }

  enum CodingKeys: String, CodingKey {
    case version, type, at, target, place, run, wanted, reasons, number, text, seconds, outcome, error, because, counts
    case servers
    case count = "of"
    case expectedSeconds = "expected-seconds"
  }
}

/// Hides the values of secrets wherever text leaves the program.
///
/// Works on bytes: a secret is found in the middle of a line, beside another one, and in text that isn't UTF-8. Where
/// one value is part of another, the longer is hidden first. A value that a line break cuts in two isn't found.
package struct Redactor: Sendable {
  package static let mask = "••••"

  /// By first byte; each list longest first.
  private let secrets: [UInt8: [[UInt8]]]

  /// Empty values hide nothing.
  package init(secrets values: some Sequence<String>) {
    let sorted = Set(values).map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    secrets = Dictionary(grouping: sorted) { $0[0] }
  }

  package func redact(_ text: String) -> String {
    guard !secrets.isEmpty else { return text }
    var text = text
    let redacted = text.withUTF8 { bytes in scan(bytes) }
    return redacted.map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  package func redact(_ bytes: [UInt8]) -> [UInt8] {
    guard !secrets.isEmpty else { return bytes }
    return bytes.withUnsafeBufferPointer { scan($0) } ?? bytes
  }

  /// Nil where nothing is to hide.
  private func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var copied = 0
    var i = 0
    while i < bytes.count {
      if let found = secrets[bytes[i]]?.first(where: { bytes[i...].starts(with: $0) }) {
        result += bytes[copied..<i]
        result += Self.mask.utf8
        i += found.count
        copied = i
      } else {
        i += 1
      }
    }
    guard copied > 0 else { return nil }
    return result + bytes[copied...]
  }

  package func redact(_ error: StepError) -> StepError {
    StepError(
      error.code, operation: redact(error.operation), subject: redact(error.subject), cause: redact(error.cause),
      hint: error.hint.map(redact))
  }

  package func redact(_ reason: StaleReason) -> StaleReason {
    switch reason {
    case .changed(let key, let old, let new): .changed(key: key, old: old.map(redact), new: new.map(redact))
    case .drift(let what, let old, let new): .drift(what: what, old: redact(old), new: redact(new))
    case .failedBefore(let message): .failedBefore(message: redact(message))
    case .neverBuilt, .unfinished, .running, .forced, .forcedAfterOnce, .dependencyWillRun: reason
    }
  }

  package func redact(_ event: Event) -> Event {
    guard !secrets.isEmpty else { return event }
    switch event {
    case .started(let target, let reasons, let expected):
      return .started(target: target, reasons: reasons.map { redact($0) }, expectedSeconds: expected)
    case .stepStarted(let target, let number, let count, let text, let place):
      return .stepStarted(target: target, number: number, of: count, text: redact(text), place: place)
    case .output(let target, let place, let line): return .output(target: target, place: place, line: redact(line))
    case .phase(let target, let place, var phase, let left):
      phase.name = redact(phase.name)
      return .phase(target: target, place: place, phase: phase, secondsLeft: left)
    case .note(let target, let text): return .note(target: target, text: redact(text))
    case .warning(let target, let text): return .warning(target: target, text: redact(text))
    case .trace(let target, let text): return .trace(target: target, text: redact(text))
    case .finished(let target, .failed(let error), let seconds):
      return .finished(target: target, outcome: .failed(redact(error)), seconds: seconds)
    case .finished(let target, .locked(let error, let reasons), let seconds):
      let outcome = Outcome.locked(redact(error), because: reasons.map { redact($0) })
      return .finished(target: target, outcome: outcome, seconds: seconds)
    case .runStarted, .forecast, .stepFinished, .finished, .runFinished: return event
    }
  }
}

/// What went wrong in a step: what was being done, to what, what came back, what to do next.
package struct StepError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: String, Sendable, Codable {
    /// The step ran and failed, or couldn't run.
    case failed
    /// A once step has started before: only `clean` gives a fresh start.
    case locked
    /// Stopped because the run was interrupted.
    case interrupted
  }

  package var code: Code
  /// What was being done: `create server`, `run step 2 of 3`.
  package var operation: String
  /// To what: a target, a server, a file.
  package var subject: String
  /// What came back, in the words of whoever said it.
  package var cause: String
  /// What to do or to type next.
  package var hint: String?

  package init(_ code: Code = .failed, operation: String, subject: String, cause: String, hint: String? = nil) {
    self.code = code
    self.operation = operation
    self.subject = subject
    self.cause = cause
    self.hint = hint
  }

  /// What went wrong at several of `count` places, as one error that names each; nil where nothing did.
  /// - Parameter what: what they are called: `servers`.
  package static func joined(_ failures: [StepError], of count: Int, _ what: String) -> StepError? {
    let failures = failures.sorted { $0.subject < $1.subject }
    // Those that were interrupted say nothing of what went wrong.
    guard var first = failures.first(where: { $0.code != .interrupted }) ?? failures.first else { return nil }
    guard failures.count > 1, first.code != .interrupted else { return first }
    first.cause = failures.map { "\($0.subject): \($0.cause)" }.joined(separator: "\n")
    first.subject = "\(failures.count) of \(count) \(what)"
    return first
  }

  package var description: String {
    let text = "\(operation): \(subject): \(cause)"
    return hint.map { "\(text)\n  hint: \($0)" } ?? text
  }
}

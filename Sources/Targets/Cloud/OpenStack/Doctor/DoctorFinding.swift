/// One thing that a doctor tried, and how it went.
package struct DoctorFinding: Sendable, Hashable {
  /// In the order in which they are tried.
  package enum Step: String, Sendable, CaseIterable {
    case configuration
    case resolve
    case connect
    case tls
    case token
    case catalog
    case versions
    case quota
    /// What the local cloud needs of this machine.
    case host
  }

  package var step: Step
  /// A service, or what there is a quota of; nil where the step is about one thing.
  package var subject: String?
  /// What was found; "" where `error` tells.
  package var text: String
  package var error: CloudError?
  /// Of a quota. No limit: nil.
  package var used: Int?
  package var limit: Int?

  package init(_ step: Step, _ text: String, subject: String? = nil) {
    self.step = step
    self.subject = subject
    self.text = text
  }

  /// What is wrong. Its hint is for whoever asks a doctor already, and doesn't send them there.
  package init(_ step: Step, _ error: CloudError, subject: String? = nil) {
    self.init(step, "", subject: subject)
    var error = error
    error.hint = error.hint.flatMap { hint in
      let end = hint.firstRange(of: "`stackmake doctor`")?.lowerBound ?? hint.endIndex
      let left = hint[..<end].reversed().drop { " :;".contains($0) }.reversed()
      return left.isEmpty ? nil : String(left)
    }
    self.error = error
  }

  package init(_ step: Step, used: Int?, limit: Int?, of subject: String) {
    let text = limit.map { "\(used ?? 0) of \($0)" } ?? "no limit is told"
    let isFull = limit.map { (used ?? 0) >= $0 } ?? false
    self.init(step, isFull ? "\(text): nothing is left" : text, subject: subject)
    self.used = used
    self.limit = limit
  }
}

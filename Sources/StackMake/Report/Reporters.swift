import Dispatch
import Synchronization

/// Tells each of several reporters, with secrets hidden.
///
/// The direct ones are told at once, on the caller's thread: they must be quick (logs, traces). The queued ones
/// are told in order by one thread of their own, so that a slow terminal or pipe holds nobody up. Where such
/// a reader falls far behind, lines of output and traces are left out and counted; nothing else ever is.
package final class Reporters: Reporter {
  private struct Backlog {
    var events: [Event] = []
    var isDraining = false
    var dropped = 0
  }

  private let redactor: Redactor
  private let direct: [any Reporter]
  private let queued: [any Reporter]
  private let limit: Int
  private let backlog = Mutex(Backlog())
  private let queue = DispatchQueue(label: "stackmake.reporters")

  /// `limit`: how many events may wait before output is left out.
  package init(redactor: Redactor, direct: [any Reporter] = [], queued: [any Reporter] = [], limit: Int = 100_000) {
    self.redactor = redactor
    self.direct = direct
    self.queued = queued
    self.limit = limit
  }

  package func report(_ event: Event) {
    let event = redactor.redact(event)
    for reporter in direct { reporter.report(event) }
    guard !queued.isEmpty else { return }
    let startsDraining = backlog.withLock { backlog in
      if backlog.events.count >= limit, event.canBeLeftOut {
        backlog.dropped += 1
        return false
      }
      if backlog.dropped > 0 {
        let text = "\(backlog.dropped) lines of output were left out here: the reader is too slow"
        backlog.events.append(.warning(target: nil, text: text))
        backlog.dropped = 0
      }
      backlog.events.append(event)
      defer { backlog.isDraining = true }
      return !backlog.isDraining
    }
    if startsDraining { queue.async { @Sendable [self] in drain() } }
  }

  /// Waits until all that was reported has been told. Blocks: call it where that is fine, at the end.
  package func flush() { queue.sync { @Sendable [self] in drain() } }

  private func drain() {
    while true {
      let events = backlog.withLock { backlog in
        defer { backlog.events.removeAll() }
        if backlog.events.isEmpty { backlog.isDraining = false }
        return backlog.events
      }
      if events.isEmpty { return }
      for reporter in queued { reporter.report(events) }
    }
  }
}

extension Event {
  /// Output and traces, which the logs have, too.
  fileprivate var canBeLeftOut: Bool {
    switch self {
    case .output, .trace: true
    default: false
    }
  }
}

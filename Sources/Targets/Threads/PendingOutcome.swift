import Synchronization

/// What one task waits for and a thread finds out: the outcome, and whether it is still wanted.
final class PendingOutcome<Value: Sendable, Failure: Error>: Sendable {
  typealias Outcome = Result<Value, Failure>

  private struct State {
    var isCancelled = false
    var outcome: Outcome?
    var waiter: CheckedContinuation<Outcome, Never>?
  }
  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func cancel() {
    state.withLock { $0.isCancelled = true }
  }

  /// Only the first outcome counts.
  func finish(_ outcome: Outcome) {
    let waiter = state.withLock { state in
      guard state.outcome == nil else { return CheckedContinuation<Outcome, Never>?.none }
      state.outcome = outcome
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: outcome)
  }

  /// Called once.
  func outcome() async -> Outcome {
    await withCheckedContinuation { continuation in
      let outcome = state.withLock { state in
        if state.outcome == nil { state.waiter = continuation }
        return state.outcome
      }
      if let outcome { continuation.resume(returning: outcome) }
    }
  }
}

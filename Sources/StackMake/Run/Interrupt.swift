import Synchronization

/// Whether the user asked to stop, and who wants to know at once.
package final class Interrupt: Sendable {
  private struct State {
    var count = 0
    var next = 0
    var handlers: [Int: @Sendable () -> Void] = [:]
  }
  private let state = Mutex(State())

  package init() {}

  /// How often it was asked: once starts nothing new, twice stops at once.
  package var count: Int { state.withLock { $0.count } }
  package var isRequested: Bool { count > 0 }

  /// Asks to stop. Returns how often that is by now.
  @discardableResult
  package func request() -> Int {
    let (count, handlers) = state.withLock { state in
      state.count += 1
      return (state.count, Array(state.handlers.values))
    }
    for handler in handlers { handler() }
    return count
  }

  /// Calls `handler` at every request while `body` runs, and at once where one was made before.
  package func notifying<R>(
    _ handler: @escaping @Sendable () -> Void, _ body: () async -> R
  ) async -> R {
    let (number, isRequested) = state.withLock { state in
      state.next += 1
      state.handlers[state.next] = handler
      return (state.next, state.count > 0)
    }
    if isRequested { handler() }
    let result = await body()
    state.withLock { $0.handlers[number] = nil }
    return result
  }
}

import Synchronization

/// Hands what tasks ask for to one thread, which starts with the first item and ends when the inbox is closed.
final class ThreadInbox<Item: Sendable>: Sendable {
  /// Waited for by the thread. Woken by each arrival and by closing.
  let wakeup = Wakeup()

  private struct State {
    var arrivals: [Item] = []
    var isRunning = false
    var isClosing = false
    var closers: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  /// Brings an item to the thread. `serve` is the thread's work, which returns when `takeArrivals` gives nil.
  /// Where no thread can be started, `refuse` is told of each item that came in vain.
  func submit(
    _ item: Item, serve: @escaping @Sendable () -> Void, refuse: (Item, OwnThreadError) -> Void
  ) {
    let mustStart = state.withLock { state in
      state.arrivals.append(item)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return wakeup.wake() }
    do throws(OwnThreadError) {
      try OwnThread.start { [self] in
        repeat { serve() } while mustServeAgain()
      }
    } catch {
      let stranded = state.withLock { state in
        state.isRunning = false
        defer { state.arrivals = [] }
        return state.arrivals
      }
      for item in stranded { refuse(item, error) }
    }
  }

  /// Brings an item to the thread where it runs; false where it doesn't, and nobody will see the item.
  func submitWhereRunning(_ item: Item) -> Bool {
    let isRunning = state.withLock { state in
      if state.isRunning { state.arrivals.append(item) }
      return state.isRunning
    }
    if isRunning { wakeup.wake() }
    return isRunning
  }

  /// For the thread: what arrived since it last asked, or nil where the inbox is closing.
  func takeArrivals() -> [Item]? {
    wakeup.drain()
    return state.withLock { state in
      guard !state.isClosing else { return nil }
      defer { state.arrivals = [] }
      return state.arrivals
    }
  }

  /// Returns when the thread has let go of everything. A later item starts it again.
  func close() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isRunning = state.withLock { state in
        guard state.isRunning else { return false }
        state.isClosing = true
        state.closers.append(continuation)
        return true
      }
      if isRunning { wakeup.wake() } else { continuation.resume() }
    }
  }

  /// Closes, and doesn't wait for it.
  func beginClosing() {
    state.withLock { $0.isClosing = $0.isRunning }
    wakeup.wake()
  }

  /// For the thread, when it has let go of everything: an item that arrived meanwhile is for a new turn.
  private func mustServeAgain() -> Bool {
    let (closers, again) = state.withLock { state in
      state.isClosing = false
      state.isRunning = !state.arrivals.isEmpty
      defer { state.closers = [] }
      return (state.closers, state.isRunning)
    }
    for closer in closers { closer.resume() }
    return again
  }
}

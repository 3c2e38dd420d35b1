import Glibc
import Synchronization

/// The connection to one server as one user: made when first needed, kept, and made anew when lost.
///
/// A thread of its own does all that touches libssh (`SSHDriver`); tasks hand it requests and wait. It is started with
/// the first request and ends when the link is closed.
final class SSHLink: ExecPerformer {
  let target: SSHTarget
  private let wakeup = Wakeup()

  private struct State {
    var arrivals: [ExecRequest] = []
    var isRunning = false
    var isClosing = false
    var closers: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  init(target: SSHTarget) {
    self.target = target
  }

  /// Runs a request to its end. Cancelling the task cancels the request.
  func perform(_ request: ExecRequest) async throws(ShellError) -> ExitStatus {
    submit(request)
    let outcome = await withTaskCancellationHandler {
      await request.outcome()
    } onCancel: {
      request.cancel()
      wakeup.wake()
    }
    return try outcome.get()
  }

  /// Ends what runs, disconnects, and returns when that is done. A later request connects again.
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

  private func submit(_ request: ExecRequest) {
    let mustStart = state.withLock { state in
      state.arrivals.append(request)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return wakeup.wake() }
    do throws(OwnThreadError) {
      try OwnThread.start { [self] in
        repeat { SSHDriver(link: self, target: target, wakeup: wakeup).run() } while mustRunAgain()
      }
    } catch {
      let stranded = state.withLock { state in
        state.isRunning = false
        defer { state.arrivals = [] }
        return state.arrivals
      }
      for request in stranded {
        request.finish(
          .failure(ShellError(.failed, host: target.host, operation: request.operation, cause: error.text)))
      }
    }
  }

  /// For the thread: what arrived since it was last asked, or nil where the link is closing.
  func takeArrivals() -> [ExecRequest]? {
    state.withLock { state in
      guard !state.isClosing else { return nil }
      defer { state.arrivals = [] }
      return state.arrivals
    }
  }

  /// For the thread when it has let go of everything. A request that arrived while it closed is for a new connection.
  private func mustRunAgain() -> Bool {
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

import Synchronization
import SystemPackage

/// One command on a server, from being asked for to its end. Made by a task, worked on by the link's thread.
final class ExecRequest: Sendable {
  enum Input: Sendable {
    case bytes([UInt8])
    /// This many bytes of a file, read while they are sent.
    case file(FilePath, size: Int64)
  }

  /// What the user's login shell is given. Seen by everyone on the server.
  let command: String
  let input: Input
  /// Standard input doesn't end with `input`, but with the channel.
  let keepsInputOpen: Bool
  /// What to say on standard input to have the command end in good order; nil: the channel is closed.
  let stopWord: [UInt8]?
  /// Counted from when the command starts.
  let timeout: Duration?
  /// For messages: `run a script`.
  let operation: String
  let output: OutputHandler

  typealias Outcome = Result<ExitStatus, ShellError>

  private struct State {
    var isCancelled = false
    var outcome: Outcome?
    var waiter: CheckedContinuation<Outcome, Never>?
  }
  private let state = Mutex(State())

  init(
    command: String, input: Input = .bytes([]), keepsInputOpen: Bool = false, stopWord: [UInt8]? = nil,
    timeout: Duration? = nil, operation: String,
    output: @escaping OutputHandler
  ) {
    self.command = command
    self.input = input
    self.keepsInputOpen = keepsInputOpen
    self.stopWord = stopWord
    self.timeout = timeout
    self.operation = operation
    self.output = output
  }

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

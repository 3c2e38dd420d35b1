import Synchronization
import SystemPackage

/// One command, from being asked for to its end. Made by a task, worked on by a thread of ours.
final class ExecRequest: Sendable {
  enum Input: Sendable {
    case bytes([UInt8])
    /// This many bytes of a file, read while they are sent.
    case file(FilePath, size: Int64)
  }

  /// What the user's login shell is given. Seen by everyone on the server.
  let command: String
  let input: Input
  /// What standard output must begin with before any input is sent. Where it begins with something else none is.
  let inputCue: [UInt8]
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

  private let cancellation = Atomic<Bool>(false)

  init(
    command: String, input: Input = .bytes([]), inputCue: [UInt8] = [], keepsInputOpen: Bool = false,
    stopWord: [UInt8]? = nil,
    timeout: Duration? = nil, operation: String,
    output: @escaping OutputHandler
  ) {
    self.command = command
    self.input = input
    self.inputCue = inputCue
    self.keepsInputOpen = keepsInputOpen
    self.stopWord = stopWord
    self.timeout = timeout
    self.operation = operation
    self.output = output
  }

  /// Nobody wants it any more.
  var isCancelled: Bool { cancellation.load(ordering: .acquiring) }

  func cancel() {
    cancellation.store(true, ordering: .releasing)
  }
}

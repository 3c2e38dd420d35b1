import Synchronization

/// Reads what a job's follower says on standard error, passes its log on, and counts it.
final class JobReport: Sendable {
  private struct State {
    var offset: Int64
    var words: [UInt8] = []
  }
  private let state: Mutex<State>
  private let output: OutputHandler
  private static let limit = 64 * 1024

  init(offset: Int64, output: @escaping OutputHandler) {
    state = Mutex(State(offset: offset))
    self.output = output
  }

  var handler: OutputHandler {
    { [self] stream, piece in
      switch stream {
      case .standardOutput:
        state.withLock { $0.offset += Int64(piece.count) }
        output(.standardOutput, piece)
      case .standardError:
        state.withLock { state in
          state.words += piece.prefix(max(0, Self.limit - state.words.count))
        }
      }
    }
  }

  /// Where the log goes on.
  var offset: Int64 { state.withLock { $0.offset } }

  /// The token of the starter whose supervisor runs it, once that was said.
  var starter: String? {
    lines.first { $0.hasPrefix("started ") }.map { String($0.dropFirst("started ".count)) }
  }

  /// The state that it ended with, once that was said.
  var end: String? {
    lines.last { $0.hasPrefix("state ") }.map { String($0.dropFirst("state ".count)) }
  }

  /// All that isn't one of ours.
  var remarks: String {
    lines.filter { !$0.hasPrefix("state ") && !$0.hasPrefix("started ") }.suffix(3).joined(separator: "; ")
  }

  /// Only whole lines: the connection may have been lost in the middle of one.
  private var lines: [Substring] {
    let text = String(decoding: state.withLock { $0.words }, as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().filter { !$0.isEmpty }
  }

  func forgetWords() {
    state.withLock { $0.words = [] }
  }
}

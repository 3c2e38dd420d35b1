import Glibc
import Synchronization

/// Writes to the program's own streams.
enum Console {
  enum Stream: Int32 {
    case standardOutput = 1
    case standardError = 2
  }

  /// Where messages go that somebody shows otherwise.
  @TaskLocal static var kept: KeptMessages?

  /// Writes all of `text`; a reader that went away is no reason to fail.
  static func write(_ text: String, to stream: Stream) {
    if stream == .standardError, let kept { return kept.add(text) }
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(stream.rawValue, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  static func line(_ text: String) { write(text + "\n", to: .standardOutput) }
  static func error(_ text: String) { write(text + "\n", to: .standardError) }

  /// Asks on the terminal; false where the answer isn't yes, or there is no terminal.
  static func confirm(_ question: String) -> Bool {
    write("\(question) [y/N] ", to: .standardError)
    guard let answer = readLine(strippingNewline: true)?.lowercased() else { return false }
    return answer == "y" || answer == "yes"
  }
}

/// Messages on standard error, kept.
final class KeptMessages: Sendable {
  private let messages = Mutex("")

  var text: String { messages.withLock { $0 } }
  func add(_ text: String) { messages.withLock { $0 += text } }
}

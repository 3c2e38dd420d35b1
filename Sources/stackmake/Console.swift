import Glibc
import StackMake
import Synchronization

/// Writes to the program's own streams.
enum Console {
  enum Stream: Int32 {
    case standardOutput = 1
    case standardError = 2
  }

  /// Where messages go that somebody shows otherwise.
  @TaskLocal static var kept: KeptMessages?

  /// Why standard output could not be written, the first time; 0 where it could.
  private static let outputError = Atomic<Int32>(0)

  /// Whether standard output can be written to still: its reader may have gone.
  static var isHeard: Bool { outputError.load(ordering: .relaxed) == 0 }

  /// What is said at the end of a program whose output is lost, as on a full disk; nil where it isn't. A reader that went
  /// away is no reason to fail.
  static var loss: String? {
    let code = outputError.load(ordering: .relaxed)
    return [0, EPIPE].contains(code) ? nil : "can't write to standard output: \(String(cString: strerror(code)))"
  }

  /// Writes all of `text`, or as much as can be: see `loss`.
  static func write(_ text: String, to stream: Stream) {
    if stream == .standardError, let kept { return kept.add(text) }
    let code = DescriptorSink(descriptor: stream.rawValue).put(text)
    guard code != 0, stream == .standardOutput else { return }
    _ = outputError.compareExchange(expected: 0, desired: code, ordering: .relaxed)
  }

  /// Where a reporter writes to what others read.
  struct OutputSink: TextSink {
    func write(_ text: String) { Console.write(text, to: .standardOutput) }
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

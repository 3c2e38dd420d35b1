import StackMake
import Synchronization

/// Keeps the last 4 KiB of what a command said.
package final class OutputTail: Sendable {
  private let bytes = Mutex<[UInt8]>([])

  package init() {}

  package func take(_ new: [UInt8]) { bytes.withLock { $0 = Array(($0 + new).suffix(4096)) } }
  package var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

  /// Its lines below the first one of an error, each on a new line and indented; "" where nothing was said. Dots alone,
  /// by which a program shows that it waits, are left out.
  package var below: String {
    text.split(separator: "\n").filter { line in !line.allSatisfy { $0 == "." } }.map { "\n    \($0)" }.joined()
  }
}

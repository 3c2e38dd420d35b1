import StackMake
import Synchronization
import Targets

/// Writes whole lines, each with the server's name before it.
final class PrefixedLines: Sendable {
  private let prefix: String
  private let splitters = Mutex<[OutputStream: LineSplitter]>([:])

  init(_ prefix: String) { self.prefix = prefix }

  func take(_ stream: OutputStream, _ bytes: [UInt8]) {
    write(splitters.withLock { $0[stream, default: LineSplitter()].feed(bytes) }, stream)
  }

  func finish() {
    for stream in [OutputStream.standardOutput, .standardError] {
      if let rest = splitters.withLock({ $0[stream]?.finish() }) { write([rest], stream) }
    }
  }

  private func write(_ lines: [String], _ stream: OutputStream) {
    guard !lines.isEmpty else { return }
    let text = lines.map { prefix + $0 + "\n" }.joined()
    Console.write(text, to: stream == .standardOutput ? .standardOutput : .standardError)
  }
}

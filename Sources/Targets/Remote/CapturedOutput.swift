import Synchronization

/// Keeps what one of our own remote commands says: a few lines.
final class CapturedOutput: Sendable {
  private let bytes = Mutex<[OutputStream: [UInt8]]>([:])
  private static let limit = 64 * 1024

  var handler: OutputHandler {
    { [self] stream, piece in
      bytes.withLock { bytes in
        let room = max(0, Self.limit - bytes[stream, default: []].count)
        bytes[stream, default: []] += piece.prefix(room)
      }
    }
  }

  var standardOutput: String { text(of: .standardOutput) }
  var standardError: String { text(of: .standardError) }

  /// The last three lines of standard error, as one.
  var lastErrorLines: String {
    standardError.split(whereSeparator: \.isNewline).suffix(3).joined(separator: "; ")
  }

  private func text(of stream: OutputStream) -> String {
    String(decoding: bytes.withLock { $0[stream] ?? [] }, as: UTF8.self)
  }
}

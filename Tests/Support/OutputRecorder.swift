import Synchronization
package import Targets

/// Takes what a command writes.
package final class OutputRecorder: Sendable {
  private let bytes = Mutex<[OutputStream: [UInt8]]>([:])

  package init() {}

  package var handler: OutputHandler {
    { [self] stream, piece in bytes.withLock { $0[stream, default: []] += piece } }
  }

  package func bytes(of stream: OutputStream) -> [UInt8] {
    bytes.withLock { $0[stream] ?? [] }
  }

  package var standardOutput: String { String(decoding: bytes(of: .standardOutput), as: UTF8.self) }
  package var standardError: String { String(decoding: bytes(of: .standardError), as: UTF8.self) }
}

import Synchronization
package import Targets

/// Counts what a command writes.
package final class OutputCounter: Sendable {
  private let counts = Mutex<[OutputStream: Int]>([:])

  package init() {}

  package var handler: OutputHandler {
    { [self] stream, piece in counts.withLock { $0[stream, default: 0] += piece.count } }
  }

  package func bytes(of stream: OutputStream) -> Int { counts.withLock { $0[stream] ?? 0 } }
}

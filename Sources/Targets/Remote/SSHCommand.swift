import Synchronization

/// A request on its way through a reactor: the task that asked for it waits here, and handles what arrives.
///
/// Between the two is a buffer. When it is full the reactor takes no more of this channel, and the server is held back
/// by the channel's window: nobody else waits for a slow reader.
final class SSHCommand: Sendable {
  let request: ExecRequest

  private struct State {
    var pieces: [(stream: OutputStream, bytes: [UInt8])] = []
    var count = 0
    var wasFull = false
    var outcome: ExecRequest.Outcome?
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Mutex(State())
  private static let limit = 256 * 1024
  private static let pieceLimit = 64 * 1024

  init(_ request: ExecRequest) {
    self.request = request
  }

  /// Takes as much as there is room for, and says how much it was.
  func take(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) -> Int {
    let (taken, waiter) = state.withLock { state in
      let taken = min(bytes.count, max(0, Self.limit - state.count))
      if taken < bytes.count { state.wasFull = true }
      guard taken > 0 else { return (0, CheckedContinuation<Void, Never>?.none) }
      state.count += taken
      let piece = bytes[..<taken]
      if let last = state.pieces.indices.last, state.pieces[last].stream == stream,
        state.pieces[last].bytes.count + taken <= Self.pieceLimit
      {
        state.pieces[last].bytes += piece
      } else {
        state.pieces.append((stream, Array(piece)))
      }
      defer { state.waiter = nil }
      return (taken, state.waiter)
    }
    waiter?.resume()
    return taken
  }

  /// How much `take` takes. Where that is nothing, it is noted that somebody waits for room.
  var room: Int {
    state.withLock { state in
      let room = max(0, Self.limit - state.count)
      if room == 0 { state.wasFull = true }
      return room
    }
  }

  /// Only the first outcome counts.
  func finish(_ outcome: ExecRequest.Outcome) {
    let waiter = state.withLock { state in
      if state.outcome == nil { state.outcome = outcome }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Gives what arrives to the request's handler, and returns how the command ended. `hasRoom` is called when there is
  /// room again in a buffer that was full.
  func deliver(hasRoom: () -> Void) async -> ExecRequest.Outcome {
    while true {
      await arrival()
      let (pieces, wasFull, outcome) = state.withLock { state in
        defer {
          state.pieces = []
          state.count = 0
          state.wasFull = false
        }
        return (state.pieces, state.wasFull, state.outcome)
      }
      for piece in pieces { request.output(piece.stream, piece.bytes) }
      if let outcome { return outcome }
      if wasFull { hasRoom() }
    }
  }

  private func arrival() async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        guard state.outcome == nil, state.pieces.isEmpty else { return true }
        state.waiter = continuation
        return false
      }
      if isThere { continuation.resume() }
    }
  }
}

/// Which connections of a reactor may be made now. Belongs to its thread.
///
/// Where all begin at once, all are done late: whoever shares a processor with the others, here or on a host of many
/// servers, gets its small part of it for as long as that takes, and the first command on any server waits for nearly all
/// handshakes. So a few begin, and each that succeeds lets two more begin. One more begins whenever time has passed, so
/// that servers which are far away, or don't answer, hold up nobody.
struct HandshakeTurns {
  /// Who waits, in their order.
  private var waiting: [Readiness.Token] = []
  private var active = 0
  private var limit = 8
  private var lastAt: ContinuousClock.Instant?
  private static let pause = Duration.milliseconds(10)

  /// Asks for a turn, which `next` gives. Each that is given must be ended.
  mutating func ask(_ token: Readiness.Token) { waiting.append(token) }

  /// Nobody waits for it any more.
  mutating func forget(_ token: Readiness.Token) { waiting.removeAll { $0 == token } }

  /// Ends a turn.
  mutating func end(isConnected: Bool) {
    active -= 1
    if isConnected { limit += 1 }
  }

  /// Whose turn it is at this moment; nil where nobody's is.
  mutating func next(at now: ContinuousClock.Instant) -> Readiness.Token? {
    guard !waiting.isEmpty, active < limit || wakeAt.map({ $0 <= now }) ?? true else { return nil }
    active += 1
    lastAt = now
    return waiting.removeFirst()
  }

  /// When the next one may begin if nothing else happens; nil where nobody waits.
  var wakeAt: ContinuousClock.Instant? { waiting.isEmpty ? nil : lastAt.map { $0 + Self.pause } }
}

/// The turns that the drivers of one reactor share.
final class SSHTurns {
  var value = HandshakeTurns()
}

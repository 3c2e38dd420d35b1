import Synchronization

/// A clock on which every sleep is over at once, and took as long as it should.
package final class JumpingClock: Clock {
  package struct Instant: InstantProtocol {
    package var sinceStart: Duration

    package func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
    package func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
    package static func < (one: Instant, other: Instant) -> Bool { one.sinceStart < other.sinceStart }
  }

  private let time = Mutex(Duration.zero)

  package init() {}
  package var now: Instant { Instant(sinceStart: time.withLock { $0 }) }
  package var minimumResolution: Duration { .nanoseconds(1) }

  package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    time.withLock { $0 = max($0, deadline.sinceStart) }
  }
}

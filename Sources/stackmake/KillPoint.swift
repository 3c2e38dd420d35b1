import Glibc
import Synchronization

/// For tests: the program kills itself with SIGKILL at the Nth write to its record, which
/// `STACKMAKE_TEST_KILL_AT=N` says. What is on disk then is all that the next run has.
final class KillPoint: Sendable {
  private let left: Mutex<Int>

  init?(environment: [String: String]) {
    guard let number = environment["STACKMAKE_TEST_KILL_AT"].flatMap({ Int($0) }) else { return nil }
    left = Mutex(number)
  }

  @Sendable func hook(_ point: String) {
    let isNow = left.withLock { left in
      left -= 1
      return left == 0
    }
    if isNow { kill(getpid(), SIGKILL) }
  }
}

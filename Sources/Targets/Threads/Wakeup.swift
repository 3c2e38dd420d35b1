import CSSH
import Glibc

/// Wakes a thread that waits in `poll` or `epoll_wait`.
final class Wakeup: Sendable {
  let descriptor: Int32

  init() {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    precondition(descriptor >= 0, "no file descriptor is left for an eventfd: \(String(cString: strerror(errno)))")
  }

  deinit { close(descriptor) }

  func wake() {
    _ = eventfd_write(descriptor, 1)
  }

  /// Forgets the wake-ups so far.
  func drain() {
    var count = eventfd_t()
    _ = eventfd_read(descriptor, &count)
  }
}

import CSSH
import Glibc

/// Which of many descriptors can be read or written, by epoll. Belongs to one thread.
final class Readiness {
  /// What the one who watches is called by when something is ready.
  typealias Token = UInt64

  private let descriptor: Int32
  private var events = [epoll_event](repeating: epoll_event(), count: 256)

  init() {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    precondition(descriptor >= 0, "no file descriptor is left for epoll: \(String(cString: strerror(errno)))")
  }

  deinit { close(descriptor) }

  /// Watches for what can be read, and for room to write where `isWriting`; changes what was said before.
  func watch(_ watched: Int32, isWriting: Bool, token: Token) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (isWriting ? EPOLLOUT.rawValue : 0)
    event.data.u64 = token
    if epoll_ctl(descriptor, EPOLL_CTL_MOD, watched, &event) == 0 { return }
    // A descriptor that was closed meanwhile is found out by who uses it.
    epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event)
  }

  /// Must be said before a descriptor is closed: a process that is just being started may hold it open a little longer.
  func forget(_ watched: Int32) {
    var event = epoll_event()
    epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, &event)
  }

  /// Waits until something is ready or the time is over.
  func wait(limit: Duration) -> [Token] {
    let count = epoll_wait(descriptor, &events, Int32(events.count), limit.pollMilliseconds)
    return count > 0 ? events[..<Int(count)].map(\.data.u64) : []
  }
}

import CSSH
import Glibc

/// A TCP connection that is ready for SSH.
enum TCPConnection {
  enum WaitResult { case ready, timedOut, abandoned }

  /// Waits for poll events on a descriptor until an instant.
  typealias Wait = (_ descriptor: Int32, _ events: Int16, _ limit: ContinuousClock.Instant) -> WaitResult

  private static let attemptLimit = Duration.seconds(6)

  /// Connects to the first address that answers. The descriptor is the caller's to close.
  static func open(address: String, port: UInt16, wait: Wait) throws(SSHSession.Failure) -> Int32 {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address, String(port), &hints, &list)
    guard status == 0 else {
      throw .unreachable("can't resolve `\(address)`: \(String(cString: gai_strerror(status)))")
    }
    defer { freeaddrinfo(list) }
    var reason = "no address"
    var next = list
    while let entry = next {
      next = entry.pointee.ai_next
      let descriptor = socket(
        entry.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      guard descriptor >= 0 else {
        reason = lastError()
        continue
      }
      setOptions(descriptor)
      switch connectOne(descriptor, entry.pointee, wait) {
      case .connected: return descriptor
      case .failed(let text): reason = text
      case .abandoned:
        close(descriptor)
        throw .abandoned
      }
      close(descriptor)
    }
    throw .unreachable(reason)
  }

  /// Why nobody takes a connection at this moment; nil where somebody does.
  static func refusal(address: String, port: UInt16) async -> String? {
    do throws(OwnThreadError) {
      return try await OwnThread.run { () -> String? in
        do throws(SSHSession.Failure) {
          close(try open(address: address, port: port, wait: patiently))
          return nil
        } catch {
          guard case .unreachable(let reason) = error else { return "nobody answers" }
          return reason
        }
      }
    } catch {
      return error.text
    }
  }

  /// A `Wait` that nothing but the limit ends.
  static func patiently(
    _ descriptor: Int32, _ events: Int16, _ limit: ContinuousClock.Instant
  ) -> WaitResult {
    while true {
      let left = limit - ContinuousClock.now
      guard left > .zero else { return .timedOut }
      var entry = pollfd(fd: descriptor, events: events, revents: 0)
      let count = poll(&entry, 1, min(left, .seconds(60)).pollMilliseconds)
      if count > 0 { return .ready }
      if count < 0, errno != EINTR { return .abandoned }
    }
  }

  static func set(_ descriptor: Int32, _ level: Int, _ option: Int32, _ value: Int32) {
    var value = value
    // Each of these is an improvement that the connection works without.
    setsockopt(descriptor, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  private enum Outcome { case connected, failed(String), abandoned }

  private static func connectOne(_ descriptor: Int32, _ entry: addrinfo, _ wait: Wait) -> Outcome {
    if connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return .connected }
    guard errno == EINPROGRESS else { return .failed(lastError()) }
    switch wait(descriptor, Int16(POLLOUT), .now + attemptLimit) {
    case .abandoned: return .abandoned
    case .timedOut: return .failed("no answer in \(attemptLimit.components.seconds) seconds")
    case .ready: break
    }
    var status: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &status, &length)
    return status == 0 ? .connected : .failed(String(cString: strerror(status)))
  }

  /// A dead link is noticed after about 30 seconds, idle or not; a silence of 20 is survived.
  private static func setOptions(_ descriptor: Int32) {
    set(descriptor, Int(IPPROTO_TCP), TCP_NODELAY, 1)
    set(descriptor, Int(SOL_SOCKET), SO_KEEPALIVE, 1)
    set(descriptor, Int(IPPROTO_TCP), TCP_KEEPIDLE, 10)
    set(descriptor, Int(IPPROTO_TCP), TCP_KEEPINTVL, 5)
    set(descriptor, Int(IPPROTO_TCP), TCP_KEEPCNT, 4)
    set(descriptor, Int(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}

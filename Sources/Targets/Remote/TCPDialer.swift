import CSSH
import Glibc

/// A socket that is closed with its last reference, unless libssh has taken it over.
final class OpenSocket {
  let descriptor: Int32
  var isOurs = true

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit {
    if isOurs { close(descriptor) }
  }

  func set(_ level: Int, _ option: Int32, _ value: Int32) {
    var value = value
    // Each of these is an improvement that the connection works without.
    setsockopt(descriptor, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Acknowledges what arrives at once: sshd's Nagle waits for it before it sends the next small packet.
  func acknowledgeAtOnce() {
    set(IPPROTO_TCP, TCP_QUICKACK, 1)
  }

  /// Waits until it can be read, or written where `isWriting`, or until an instant.
  func wait(isWriting: Bool, until limit: ContinuousClock.Instant) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN | (isWriting ? POLLOUT : 0)), revents: 0)
    poll(&entry, 1, ContinuousClock.now.duration(to: limit).pollMilliseconds)
  }
}

/// An address to connect to.
struct SocketAddress: Sendable {
  private var storage: sockaddr_storage
  private var length: socklen_t

  private init(_ entry: addrinfo) {
    storage = sockaddr_storage()
    length = entry.ai_addrlen
    withUnsafeMutableBytes(of: &storage) { target in
      target.copyMemory(from: UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen)))
    }
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// Nil, or the number of the error.
  func connect(_ socket: OpenSocket) -> Int32? {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket.descriptor, $0, length) == 0 ? nil : errno
      }
    }
  }

  /// The addresses of a name. May take long, unless only what is an address itself is wanted.
  static func resolve(_ name: String, port: UInt16, isNumeric: Bool) -> Result<[SocketAddress], SSHFailure> {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = isNumeric ? AI_NUMERICHOST : 0
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(name, String(port), &hints, &list)
    guard status == 0 else {
      return .failure(.unreachable("can't resolve `\(name)`: \(String(cString: gai_strerror(status)))"))
    }
    defer { freeaddrinfo(list) }
    return .success(
      sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }.map { SocketAddress($0!.pointee) })
  }
}

/// Connects to the first address that answers, without waiting itself.
final class TCPDialer {
  private var addresses: ArraySlice<SocketAddress>
  private var reason = "no address"
  /// What is being connected.
  private(set) var socket: OpenSocket?
  /// When to give up on it.
  private(set) var deadline = ContinuousClock.now

  private static let attemptLimit = Duration.seconds(6)

  init(_ addresses: [SocketAddress]) {
    self.addresses = addresses[...]
  }

  /// Does what can be done now. Gives the socket once it is connected.
  func advance() throws(SSHFailure) -> OpenSocket? {
    while true {
      if let socket {
        switch state(of: socket) {
        case .connected: return socket
        case .waiting: return nil
        case .failed(let text): reason = text
        }
        self.socket = nil
      }
      guard let address = addresses.popFirst() else { throw .unreachable(reason) }
      start(address)
    }
  }

  /// Connects on a thread of one's own, which waits.
  static func connect(_ address: String, port: UInt16) throws(SSHFailure) {
    let dialer = TCPDialer(try SocketAddress.resolve(address, port: port, isNumeric: false).get())
    while try dialer.advance() == nil { dialer.socket?.wait(isWriting: true, until: dialer.deadline) }
  }

  /// Why nobody takes a connection at this moment; nil where somebody does.
  static func refusal(address: String, port: UInt16) async -> String? {
    do throws(OwnThreadError) {
      return try await OwnThread.run { () -> String? in
        do throws(SSHFailure) {
          try connect(address, port: port)
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

  private enum State { case connected, waiting, failed(String) }

  private func start(_ address: SocketAddress) {
    let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let descriptor = Glibc.socket(address.family, Int32(type), 0)
    guard descriptor >= 0 else { return reason = Self.text(of: errno) }
    let made = OpenSocket(descriptor)
    Self.setOptions(made)
    if let number = address.connect(made), number != EINPROGRESS { return reason = Self.text(of: number) }
    socket = made
    deadline = .now + Self.attemptLimit
  }

  private func state(of socket: OpenSocket) -> State {
    var entry = pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, 0) > 0 else {
      let seconds = Self.attemptLimit.components.seconds
      return deadline <= .now ? .failed("no answer in \(seconds) seconds") : .waiting
    }
    var status: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &status, &length)
    return status == 0 ? .connected : .failed(Self.text(of: status))
  }

  /// A dead link is noticed after about 30 seconds, idle or not; a silence of 20 is survived.
  private static func setOptions(_ socket: OpenSocket) {
    socket.set(Int(IPPROTO_TCP), TCP_NODELAY, 1)
    socket.set(Int(SOL_SOCKET), SO_KEEPALIVE, 1)
    socket.set(Int(IPPROTO_TCP), TCP_KEEPIDLE, 10)
    socket.set(Int(IPPROTO_TCP), TCP_KEEPINTVL, 5)
    socket.set(Int(IPPROTO_TCP), TCP_KEEPCNT, 4)
    socket.set(Int(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
  }

  private static func text(of number: Int32) -> String { String(cString: strerror(number)) }
}

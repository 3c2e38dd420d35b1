import CSSH
import Glibc
import SystemPackage

/// A libssh session that is logged in. libssh's sessions and their channels belong to one thread: so does this.
final class SSHSession {
  /// Why there is no session, and whether trying again may help.
  enum Failure: Error {
    /// Nobody listens, the address doesn't answer, it closed before it spoke: a machine that boots does all that.
    case unreachable(String)
    case authentication(String)
    case final(ShellError)
    /// The waiter gave up.
    case abandoned
  }

  let handle: ssh_session
  private let event: ssh_event
  private let socket: Int32
  private let traffic: UnsafeMutablePointer<ssh_counter_struct>
  private let wakeup: Wakeup
  private var lastReceivedBytes: UInt64 = 0
  private var lastReceivedAt = ContinuousClock.now
  private var keepaliveSentAt: ContinuousClock.Instant?
  /// Why the session is dead; nil while it lives.
  private(set) var loss: String?

  private static let keepaliveInterval = Duration.seconds(15)
  private static let keepaliveLimit = Duration.seconds(45)
  private static let handshakeLimit = Duration.seconds(20)

  /// Connects, checks the host key, and logs in. `wait` waits for poll events on a descriptor.
  init(target: SSHTarget, wakeup: Wakeup, wait: TCPConnection.Wait) throws(Failure) {
    let socket = try TCPConnection.open(address: target.address, port: target.port, wait: wait)
    guard let handle = ssh_new() else {
      close(socket)
      throw .final(Self.error(target, "out of memory"))
    }
    do throws(Failure) {
      let limit = ContinuousClock.now + Self.handshakeLimit
      let algorithms = target.pins.map(\.algorithms)
      guard !algorithms.isEmpty else {
        throw .final(
          ShellError(
            .hostKeyMismatch, host: target.host, operation: "connect", cause: "no host key of it is known",
            hint: "without one nobody can tell whether it is the right machine"))
      }
      try Self.handshake(handle, socket, target, algorithms, limit, wait)
      try Self.checkHostKey(handle, target)
      try Self.authenticate(handle, socket, target, limit, wait)
      guard let event = ssh_event_new() else { throw .final(Self.error(target, "out of memory")) }
      self.event = event
    } catch {
      ssh_disconnect(handle)
      ssh_free(handle)
      close(socket)
      throw error
    }
    self.handle = handle
    self.socket = socket
    self.wakeup = wakeup
    traffic = .allocate(capacity: 1)
    traffic.initialize(to: ssh_counter_struct())
    ssh_set_counters(handle, traffic, nil)
    ssh_event_add_session(event, handle)
    // libssh calls back for readable descriptors only while it polls; the loop drains the wake-up itself.
    ssh_event_add_fd(event, wakeup.descriptor, Int16(POLLIN), { _, _, _ in 0 }, nil)
  }

  /// The host key that a server shows, whoever it is: connects, and goes.
  static func offeredKey(_ target: SSHTarget, wait: TCPConnection.Wait) throws(Failure) -> HostKey {
    let socket = try TCPConnection.open(address: target.address, port: target.port, wait: wait)
    defer { close(socket) }
    guard let handle = ssh_new() else { throw .final(error(target, "out of memory")) }
    defer {
      ssh_disconnect(handle)
      ssh_free(handle)
    }
    let algorithms = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"]
    try handshake(handle, socket, target, algorithms, ContinuousClock.now + handshakeLimit, wait)
    return try offeredKey(handle, target)
  }

  /// All channels must have been freed before: `ssh_disconnect` would free them.
  deinit {
    ssh_event_remove_fd(event, wakeup.descriptor)
    ssh_event_remove_session(event, handle)
    ssh_event_free(event)
    ssh_disconnect(handle)
    ssh_free(handle)
    close(socket)
    traffic.deallocate()
  }

  /// What libssh says of the last failure.
  var lastError: String { Self.message(handle) }

  /// Waits until something arrives, can be sent, the wake-up is set or the time is over, and handles what arrived.
  func poll(limit: Duration) {
    let status = ssh_event_dopoll(event, limit.pollMilliseconds)
    if status == SSH_ERROR || ssh_is_connected(handle) == 0 || ssh_get_status(handle) & SSH_CLOSED_ERROR != 0 {
      lose(lastError.isEmpty ? "the connection was closed" : lastError)
    }
    checkLiveness()
  }

  func lose(_ reason: String) {
    if loss == nil { loss = reason }
  }

  /// Acknowledges what arrives at once: sshd's Nagle waits for it before it sends the next small packet.
  func acknowledgeAtOnce() {
    TCPConnection.set(socket, IPPROTO_TCP, TCP_QUICKACK, 1)
  }

  private func checkLiveness() {
    let now = ContinuousClock.now
    let bytes = traffic.pointee.in_bytes
    if bytes != lastReceivedBytes {
      lastReceivedBytes = bytes
      lastReceivedAt = now
      if keepaliveSentAt != nil {
        keepaliveSentAt = nil
        // libssh keeps the state of one global request: this takes note of its answer, or sends another one, which does
        // no harm.
        ssh_send_keepalive(handle)
      }
    }
    let silence = now - lastReceivedAt
    if silence > Self.keepaliveLimit {
      lose("nothing was heard for \(silence.components.seconds) seconds")
    } else if silence > Self.keepaliveInterval, now - (keepaliveSentAt ?? lastReceivedAt) > Self.keepaliveInterval {
      keepaliveSentAt = now
      ssh_send_keepalive(handle)
    }
  }

  // MARK: - Making one

  private static func handshake(
    _ handle: ssh_session, _ socket: Int32, _ target: SSHTarget, _ algorithms: [String],
    _ limit: ContinuousClock.Instant, _ wait: TCPConnection.Wait
  ) throws(Failure) {
    ssh_set_blocking(handle, 0)
    // The user's and the system's configuration must not change what the Stackfile says.
    var off: Int32 = 0
    ssh_options_set(handle, SSH_OPTIONS_PROCESS_CONFIG, &off)
    setText(handle, SSH_OPTIONS_HOST, target.address)
    setText(handle, SSH_OPTIONS_USER, target.user)
    setText(handle, SSH_OPTIONS_KNOWNHOSTS, "/dev/null")
    setText(handle, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null")
    guard setText(handle, SSH_OPTIONS_HOSTKEYS, algorithms.joined(separator: ",")) else {
      throw .final(error(target, "unknown kind of host key: \(target.pins.map(\.type).joined(separator: ", "))"))
    }
    var descriptor = socket
    ssh_options_set(handle, SSH_OPTIONS_FD, &descriptor)

    while true {
      TCPConnection.set(socket, IPPROTO_TCP, TCP_QUICKACK, 1)
      switch ssh_connect(handle) {
      case SSH_OK: return
      case SSH_AGAIN: try waitForPeer(handle, socket, limit, "the handshake", wait)
      default:
        let text = message(handle)
        // The server has no key of the pinned types: it is not the machine that showed them.
        if text.contains("server host key algo") {
          throw .final(mismatch(target, offered: nil))
        }
        throw .unreachable(text.isEmpty ? "it closed the connection" : text)
      }
    }
  }

  private static func offeredKey(_ handle: ssh_session, _ target: SSHTarget) throws(Failure) -> HostKey {
    var key: ssh_key?
    guard ssh_get_server_publickey(handle, &key) == SSH_OK, let key else { throw .unreachable(message(handle)) }
    defer { ssh_key_free(key) }
    var base64: UnsafeMutablePointer<CChar>?
    guard ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK, let base64 else {
      throw .final(error(target, "its host key can't be read"))
    }
    defer { ssh_string_free_char(base64) }
    let type = ssh_key_type_to_char(ssh_key_type(key)).map { String(cString: $0) } ?? "unknown"
    return HostKey(type: type, base64: String(cString: base64))
  }

  private static func checkHostKey(_ handle: ssh_session, _ target: SSHTarget) throws(Failure) {
    let offered = try offeredKey(handle, target)
    guard target.pins.contains(where: { $0.base64 == offered.base64 }) else {
      throw .final(mismatch(target, offered: offered))
    }
  }

  private static func authenticate(
    _ handle: ssh_session, _ socket: Int32, _ target: SSHTarget, _ limit: ContinuousClock.Instant,
    _ wait: TCPConnection.Wait
  ) throws(Failure) {
    var refusals: [String] = []
    for identity in target.identities {
      var key: ssh_key?
      defer { ssh_key_free(key) }
      switch identity {
      case .privateKey(let text):
        guard ssh_pki_import_privkey_base64(text, nil, nil, nil, &key) == SSH_OK else {
          throw .final(error(target, "the cluster's private key can't be read"))
        }
      case .keyFile(let path):
        guard ssh_pki_import_privkey_file(path.string, nil, nil, nil, &key) == SSH_OK else {
          refusals.append("`\(path)` can't be read, or has a passphrase")
          continue
        }
      case .agent(let path):
        setText(handle, SSH_OPTIONS_IDENTITY_AGENT, path)
      }
      attempt: while true {
        TCPConnection.set(socket, IPPROTO_TCP, TCP_QUICKACK, 1)
        let status = key.map { ssh_userauth_publickey(handle, nil, $0) } ?? ssh_userauth_agent(handle, nil)
        switch ssh_auth_e(status) {
        case SSH_AUTH_SUCCESS: return
        case SSH_AUTH_AGAIN: try waitForPeer(handle, socket, limit, "logging in", wait)
        case SSH_AUTH_DENIED, SSH_AUTH_PARTIAL:
          refusals.append("\(identity.name) was refused")
          break attempt
        default:
          // The server hangs up after too many refused keys; before any it is a machine that boots.
          if refusals.isEmpty, key != nil { throw .unreachable(message(handle)) }
          refusals.append("\(identity.name): \(message(handle))")
          break attempt
        }
      }
    }
    throw .authentication(refusals.isEmpty ? "there is no key to log in with" : refusals.joined(separator: "; "))
  }

  private static func waitForPeer(
    _ handle: ssh_session, _ socket: Int32, _ limit: ContinuousClock.Instant, _ what: String, _ wait: TCPConnection.Wait
  ) throws(Failure) {
    let isWriting = ssh_get_poll_flags(handle) & SSH_WRITE_PENDING != 0
    switch wait(socket, Int16(POLLIN) | (isWriting ? Int16(POLLOUT) : 0), limit) {
    case .ready: return
    case .timedOut: throw .unreachable("\(what) took longer than \(handshakeLimit.components.seconds) seconds")
    case .abandoned: throw .abandoned
    }
  }

  @discardableResult
  private static func setText(_ handle: ssh_session, _ option: ssh_options_e, _ value: String) -> Bool {
    value.withCString { ssh_options_set(handle, option, $0) == 0 }
  }

  private static func message(_ handle: ssh_session) -> String {
    ssh_get_error(UnsafeMutableRawPointer(handle)).map { String(cString: $0) } ?? ""
  }

  private static func error(_ target: SSHTarget, _ cause: String) -> ShellError {
    ShellError(.failed, host: target.host, operation: "connect to \(target.address)", cause: cause)
  }

  private static func mismatch(_ target: SSHTarget, offered: HostKey?) -> ShellError {
    let pinned = target.pins.map { "\($0.type) \($0.fingerprint)" }.joined(separator: ", ")
    let shown = offered.map { "\($0.type) \($0.fingerprint)" } ?? "none of that kind"
    return ShellError(
      .hostKeyMismatch, host: target.host, operation: "check the host key of \(target.address)",
      cause: "it shows \(shown), but \(pinned) was pinned (\(target.pinOrigin))",
      hint:
        "another machine may have taken its address, or it was set up anew behind stackmake's back, or someone is in "
        + "between; nothing was sent to it. If you know why its key changed: `stackmake clean server/\(target.host)`")
  }
}

extension SSHTarget.Identity {
  /// For messages.
  fileprivate var name: String {
    switch self {
    case .privateKey: "the cluster's key"
    case .keyFile(let path): "`\(path)`"
    case .agent: "each key of the agent"
    }
  }
}

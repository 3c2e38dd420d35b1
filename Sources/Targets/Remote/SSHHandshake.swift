import CSSH
import Glibc

/// Why there is no session, and whether trying again may help.
enum SSHFailure: Error {
  /// Nobody listens, the address doesn't answer, it closed before it spoke: a machine that boots does all that.
  case unreachable(String)
  case authentication(String)
  case final(ShellError)
}

/// A connection up to the exchange of keys: the server has shown that it has its host key. Never waits.
final class SSHHandshake {
  private let target: SSHTarget
  private let algorithms: [String]
  private let dialer: TCPDialer
  private var isConnecting = false
  private var isDone = false
  /// libssh's session; nil until TCP is connected, and after it was taken over.
  private(set) var handle: ssh_session?
  private(set) var socket: OpenSocket?
  /// When to give up.
  private(set) var deadline = ContinuousClock.now

  static let limit = Duration.seconds(20)

  /// - algorithms: the kinds of host keys that are believed.
  init(_ target: SSHTarget, algorithms: [String], addresses: [SocketAddress]) {
    self.target = target
    self.algorithms = algorithms
    dialer = TCPDialer(addresses)
  }

  deinit {
    if let handle { Self.free(handle) }
  }

  /// Frees a session, and closes its socket.
  static func free(_ handle: ssh_session) {
    // Without this libssh would leave the socket open, but not where it has closed it already: after a good-bye of the
    // other side's. Only libssh knows, and a descriptor that is closed twice may be somebody else's by then.
    var none: Int32 = -1
    ssh_options_set(handle, SSH_OPTIONS_FD, &none)
    ssh_disconnect(handle)
    ssh_free(handle)
  }

  /// Whether it waits for room to write; else for what arrives.
  var isWriting: Bool { handle.map(Self.isWriting) ?? true }

  /// Does what can be done now; true when the keys are exchanged.
  func advance() throws(SSHFailure) -> Bool {
    if isDone { return true }
    if handle == nil {
      let connected = try dialer.advance()
      socket = dialer.socket
      deadline = dialer.deadline
      guard let connected else { return false }
      deadline = .now + Self.limit
      try begin(on: connected)
    }
    guard let handle, let socket else { return false }
    // libssh wants to be told of room to write after each packet: mostly it is there at once.
    for _ in 0..<4 {
      socket.acknowledgeAtOnce()
      switch connect(handle, socket) {
      case SSH_OK:
        isDone = true
        return true
      case SSH_AGAIN:
        if Self.isWriting(handle) { continue }
      default: throw failure(Self.message(handle))
      }
      break
    }
    if deadline <= .now {
      throw .unreachable("the handshake took longer than \(Self.limit.components.seconds) seconds")
    }
    return false
  }

  /// Gives the session to somebody else, who frees it.
  func takeHandle() -> ssh_session? {
    defer { handle = nil }
    return handle
  }

  /// The key that the server has shown.
  func offeredKey() throws(SSHFailure) -> HostKey {
    guard let handle else { throw .unreachable("it isn't connected") }
    var key: ssh_key?
    guard ssh_get_server_publickey(handle, &key) == SSH_OK, let key else { throw .unreachable(Self.message(handle)) }
    defer { ssh_key_free(key) }
    var base64: UnsafeMutablePointer<CChar>?
    guard ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK, let base64 else {
      throw .final(target.error("its host key can't be read"))
    }
    defer { ssh_string_free_char(base64) }
    let type = ssh_key_type_to_char(ssh_key_type(key)).map { String(cString: $0) } ?? "unknown"
    return HostKey(type: type, base64: String(cString: base64))
  }

  @discardableResult
  static func setText(_ handle: ssh_session, _ option: ssh_options_e, _ value: String) -> Bool {
    value.withCString { ssh_options_set(handle, option, $0) == 0 }
  }

  /// What libssh says of the last failure.
  static func message(_ handle: ssh_session) -> String {
    ssh_get_error(UnsafeMutableRawPointer(handle)).map { String(cString: $0) } ?? ""
  }

  static func isWriting(_ handle: ssh_session) -> Bool {
    ssh_get_poll_flags(handle) & SSH_WRITE_PENDING != 0
  }

  private func begin(on socket: OpenSocket) throws(SSHFailure) {
    guard let made = ssh_new() else { throw .final(target.error("out of memory")) }
    handle = made
    guard !algorithms.isEmpty else {
      throw .final(
        ShellError(
          .hostKeyMismatch, host: target.host, operation: "connect", cause: "no host key of it is known",
          hint: "without one nobody can tell whether it is the right machine"))
    }
    ssh_set_blocking(made, 0)
    // The user's and the system's configuration must not change what the Stackfile says.
    var off: Int32 = 0
    ssh_options_set(made, SSH_OPTIONS_PROCESS_CONFIG, &off)
    Self.setText(made, SSH_OPTIONS_HOST, target.address)
    Self.setText(made, SSH_OPTIONS_USER, target.user)
    Self.setText(made, SSH_OPTIONS_KNOWNHOSTS, "/dev/null")
    Self.setText(made, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null")
    for option in [SSH_OPTIONS_CIPHERS_C_S, SSH_OPTIONS_CIPHERS_S_C] { Self.setText(made, option, Self.ciphers) }
    guard Self.setText(made, SSH_OPTIONS_HOSTKEYS, algorithms.joined(separator: ",")) else {
      throw .final(target.error("unknown kind of host key: \(target.pins.map(\.type).joined(separator: ", "))"))
    }
  }

  /// AES-GCM first: processors have instructions for it.
  private static let ciphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr"

  private func connect(_ handle: ssh_session, _ socket: OpenSocket) -> Int32 {
    if isConnecting { return ssh_connect(handle) }
    isConnecting = true
    var descriptor = socket.descriptor
    ssh_options_set(handle, SSH_OPTIONS_FD, &descriptor)
    socket.isOurs = false
    return ssh_connect(handle)
  }

  private func failure(_ text: String) -> SSHFailure {
    // The server has no key of the pinned types: it is not the machine that showed them.
    if text.contains("server host key algo") { return .final(target.mismatch(offered: nil)) }
    return .unreachable(text.isEmpty ? "it closed the connection" : text)
  }
}

extension SSHTarget {
  func error(_ cause: String) -> ShellError {
    ShellError(.failed, host: host, operation: "connect to \(address)", cause: cause)
  }

  func mismatch(offered: HostKey?) -> ShellError {
    let pinned = pins.map { "\($0.type) \($0.fingerprint)" }.joined(separator: ", ")
    let shown = offered.map { "\($0.type) \($0.fingerprint)" } ?? "none of that kind"
    return ShellError(
      .hostKeyMismatch, host: host, operation: "check the host key of \(address)",
      cause: "it shows \(shown), but \(pinned) was pinned (\(pinOrigin))",
      hint:
        "another machine may have taken its address, or it was set up anew behind stackmake's back, or someone is in "
        + "between; nothing was sent to it. If you know why its key changed: `stackmake clean server/\(host)`")
  }
}

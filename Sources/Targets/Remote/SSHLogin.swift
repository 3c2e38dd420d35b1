import CSSH
import SystemPackage

/// Connects, checks the host key, and logs in. Never waits, but for an agent.
final class SSHLogin {
  private let target: SSHTarget
  private let handshake: SSHHandshake
  private var isVerified = false
  private var identities: ArraySlice<SSHTarget.Identity>
  private var current: (identity: SSHTarget.Identity, key: ssh_key?)?
  private var refusals: [String] = []

  init(_ target: SSHTarget, addresses: [SocketAddress]) {
    self.target = target
    identities = target.identities[...]
    handshake = SSHHandshake(target, algorithms: target.pins.map(\.algorithms), addresses: addresses)
  }

  deinit { drop() }

  var socket: OpenSocket? { handshake.socket }
  var isWriting: Bool { handshake.isWriting }
  var deadline: ContinuousClock.Instant { handshake.deadline }

  /// Does what can be done now. Gives the session once somebody is logged in.
  func advance() throws(SSHFailure) -> SSHSession? {
    guard try handshake.advance(), let handle = handshake.handle, let socket = handshake.socket else { return nil }
    if !isVerified {
      let offered = try handshake.offeredKey()
      guard target.pins.contains(where: { $0.base64 == offered.base64 }) else {
        throw .final(target.mismatch(offered: offered))
      }
      isVerified = true
    }
    while try hasIdentity(handle) {
      socket.acknowledgeAtOnce()
      switch try attempt(handle) {
      case .accepted:
        guard let session = SSHSession(handle, socket) else { throw .final(target.error("out of memory")) }
        _ = handshake.takeHandle()
        return session
      case .refused: drop()
      case .waiting:
        if deadline <= .now {
          throw .unreachable("logging in took longer than \(SSHHandshake.limit.components.seconds) seconds")
        }
        return nil
      }
    }
    throw .authentication(refusals.isEmpty ? "there is no key to log in with" : refusals.joined(separator: "; "))
  }

  private enum Answer { case accepted, refused, waiting }

  private func attempt(_ handle: ssh_session) throws(SSHFailure) -> Answer {
    guard let current else { return .refused }
    let name = current.identity.name
    for _ in 0..<4 {
      let status = current.key.map { ssh_userauth_publickey(handle, nil, $0) } ?? ssh_userauth_agent(handle, nil)
      switch ssh_auth_e(status) {
      case SSH_AUTH_SUCCESS: return .accepted
      case SSH_AUTH_AGAIN:
        // Mostly there is room at once for what libssh has to write.
        if SSHHandshake.isWriting(handle) { continue }
        return .waiting
      case SSH_AUTH_DENIED, SSH_AUTH_PARTIAL:
        refusals.append("\(name) was refused")
      default:
        let message = SSHHandshake.message(handle)
        // The server hangs up after too many refused keys; before any it is a machine that boots.
        if refusals.isEmpty, current.key != nil { throw .unreachable(message) }
        refusals.append("\(name): \(message)")
      }
      return .refused
    }
    return .waiting
  }

  /// Takes the next identity where none is being tried.
  private func hasIdentity(_ handle: ssh_session) throws(SSHFailure) -> Bool {
    while current == nil, let identity = identities.popFirst() {
      var key: ssh_key?
      switch identity {
      case .privateKey(let text):
        guard ssh_pki_import_privkey_base64(text, nil, nil, nil, &key) == SSH_OK else {
          throw .final(target.error("the cluster's private key can't be read"))
        }
      case .keyFile(let path):
        guard ssh_pki_import_privkey_file(path.string, nil, nil, nil, &key) == SSH_OK else {
          refusals.append("`\(path)` can't be read, or has a passphrase")
          continue
        }
      case .agent(let path):
        SSHHandshake.setText(handle, SSH_OPTIONS_IDENTITY_AGENT, path)
      }
      current = (identity, key)
    }
    return current != nil
  }

  private func drop() {
    ssh_key_free(current?.key)
    current = nil
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

package import SystemPackage

/// Where and as whom to log in, and which host keys to believe.
package struct SSHTarget: Sendable, Hashable {
  /// What to log in with, tried in this order; never a password.
  package enum Identity: Sendable, Hashable {
    /// An OpenSSH private key without a passphrase, as text.
    case privateKey(String)
    case keyFile(FilePath)
    /// The keys of an agent, by the path of its socket.
    case agent(socket: String)
  }

  /// The server's name, for messages.
  package var host: String
  /// An address, or a name that resolves to one.
  package var address: String
  package var port: UInt16
  package var user: String
  package var identities: [Identity]
  /// The server's host keys: any of them will do, and none other. Only algorithms of their types are offered.
  package var pins: [HostKey]
  /// Where the pins come from, for messages: `the machine's console`.
  package var pinOrigin: String
  /// For how long to try to connect, from when a connection is needed.
  package var connectLimit: Duration
  /// For how long a refused key is tried again: first boot may still be writing it down.
  package var authenticationLimit: Duration

  /// The files among its identities, for the system's ssh.
  package var keyFiles: [FilePath] {
    identities.compactMap { if case .keyFile(let path) = $0 { path } else { nil } }
  }

  package init(
    host: String, address: String, port: UInt16 = 22, user: String, identities: [Identity], pins: [HostKey],
    pinOrigin: String = "when the machine was made", connectLimit: Duration = .seconds(300),
    authenticationLimit: Duration = .seconds(30)
  ) {
    self.host = host
    self.address = address
    self.port = port
    self.user = user
    self.identities = identities
    self.pins = pins
    self.pinOrigin = pinOrigin
    self.connectLimit = connectLimit
    self.authenticationLimit = authenticationLimit
  }
}

import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// What servers are logged in to with: an ed25519 key made for this cluster, and what the Stackfile adds
/// (`ssh_key = PATH`, `ssh_agent = yes`); or the latter alone.
struct ClusterKeys: Sendable {
  let identities: [SSHTarget.Identity]
  /// `authorized_keys` lines for first boot; of a key pair the one that it is known to hold, if any.
  let authorized: [String]

  /// Makes the cluster's key where there is none.
  ///
  /// - Parameter needsPublicKey: whether servers are made that let in the Stackfile's key as well.
  static func open(_ session: Session, needsPublicKey: Bool) throws -> ClusterKeys {
    let path = session.stateDirectory.appending("id_ed25519")
    let publicPath = session.stateDirectory.appending("id_ed25519.pub")
    var identities: [SSHTarget.Identity] = [.keyFile(path)]
    var authorized: [String] = []
    for file in [path, publicPath] { session.files.note(file) }
    do {
      if access(publicPath.string, R_OK) != 0 || access(path.string, R_OK) != 0 {
        try StateDirectory.prepare(session.stateDirectory)
        let pair = try SSHKeyPair.generate()
        // The public key goes last: where it is, the pair is whole.
        unlink(publicPath.string)
        try write(pair.privateKey, to: path, mode: 0o600)
        try write(pair.publicKey.hasSuffix("\n") ? pair.publicKey : pair.publicKey + "\n", to: publicPath, mode: 0o644)
      }
      authorized.append(try line(of: publicPath))
      if let ownPath = ownPath(session) {
        identities.append(.keyFile(ownPath))
        // Servers that exist already let in whom they let in.
        if needsPublicKey { authorized.append(try line(of: FilePath(ownPath.string + ".pub"))) }
      }
    } catch {
      Console.error("stackmake: error: the cluster's ssh key: \(error)")
      throw ExitStatusError.failed
    }
    if let agent = try agent(session) { identities.append(agent) }
    return ClusterKeys(identities: identities, authorized: authorized)
  }

  /// Where servers let in a key pair of the user's: its private key is the Stackfile's or the agent's, and no other is made.
  static func open(_ session: Session, keyPair: String) throws -> ClusterKeys {
    let own = ownPath(session)
    let agent = try agent(session)
    guard own != nil || agent != nil else {
      Console.error(
        "stackmake: error: `key_pair = \(keyPair)`, and nothing says where its private key is\n"
          + "  hint: `ssh_key = PATH` in the Stackfile, or `ssh_agent = yes`")
      throw ExitStatusError.wrongUse
    }
    // What is beside a key file says which key it is; what an agent holds shows at the login.
    let known = agent == nil ? own.flatMap { try? line(of: FilePath($0.string + ".pub")) } : nil
    return ClusterKeys(
      identities: (own.map { [.keyFile($0)] } ?? []) + (agent.map { [$0] } ?? []), authorized: known.map { [$0] } ?? [])
  }

  /// The variable `ssh_key`.
  private static func ownPath(_ session: Session) -> FilePath? {
    guard let own = session.graph.variables["ssh_key"], !own.isEmpty else { return nil }
    let path = session.directory.pushing(FilePath(own))
    for file in [path, FilePath(path.string + ".pub")] { session.files.note(file) }
    return path
  }

  /// The variable `ssh_agent`.
  private static func agent(_ session: Session) throws -> SSHTarget.Identity? {
    guard ["yes", "true", "1"].contains(session.graph.variables["ssh_agent"] ?? "") else { return nil }
    guard let socket = session.environment["SSH_AUTH_SOCK"], !socket.isEmpty else {
      Console.error("stackmake: error: `ssh_agent` is set, and there is no agent: SSH_AUTH_SOCK is empty")
      throw ExitStatusError.wrongUse
    }
    return .agent(socket: socket)
  }

  private static func line(of path: FilePath) throws -> String {
    let text = try String(contentsOfFile: path.string, encoding: .utf8)
    return String(text.prefix { $0 != "\n" })
  }

  /// Beside it, synced, and renamed.
  private static func write(_ text: String, to path: FilePath, mode: mode_t) throws {
    let temporary = path.string + ".new"
    let file = try FileDescriptor.open(
      FilePath(temporary), .writeOnly, options: [.create, .truncate, .closeOnExec],
      permissions: FilePermissions(rawValue: CModeT(mode)))
    try file.closeAfter {
      try file.writeAll(Array(text.utf8))
      guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
    guard rename(temporary, path.string) == 0 else { throw Errno(rawValue: errno) }
  }
}

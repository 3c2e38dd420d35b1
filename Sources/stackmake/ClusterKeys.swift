import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// What servers are logged in to with: an ed25519 key made for this cluster, and what the Stackfile adds
/// (`ssh_key = PATH`, `ssh_agent = yes`).
struct ClusterKeys: Sendable {
  let identities: [SSHTarget.Identity]
  /// `authorized_keys` lines for first boot.
  let authorized: [String]

  /// Makes the cluster's key where there is none.
  ///
  /// - Parameter needsPublicKey: whether servers are made that let in the Stackfile's key as well.
  static func open(_ session: Session, needsPublicKey: Bool) throws -> ClusterKeys {
    let path = session.stateDirectory.appending("id_ed25519")
    let publicPath = session.stateDirectory.appending("id_ed25519.pub")
    var identities: [SSHTarget.Identity] = [.keyFile(path)]
    var authorized: [String] = []
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
      if let own = session.graph.variables["ssh_key"], !own.isEmpty {
        let ownPath = session.directory.pushing(FilePath(own))
        identities.append(.keyFile(ownPath))
        // Servers that exist already let in whom they let in.
        if needsPublicKey { authorized.append(try line(of: FilePath(ownPath.string + ".pub"))) }
      }
    } catch {
      Console.error("stackmake: error: the cluster's ssh key: \(error)")
      throw ExitStatusError.failed
    }
    if ["yes", "true", "1"].contains(session.graph.variables["ssh_agent"] ?? "") {
      guard let socket = session.environment["SSH_AUTH_SOCK"], !socket.isEmpty else {
        Console.error("stackmake: error: `ssh_agent` is set, and there is no agent: SSH_AUTH_SOCK is empty")
        throw ExitStatusError.wrongUse
      }
      identities.append(.agent(socket: socket))
    }
    return ClusterKeys(identities: identities, authorized: authorized)
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

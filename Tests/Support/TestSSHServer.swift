import FoundationEssentials
import Glibc
package import SystemPackage
package import Targets

/// A real sshd on the loopback address, with a home, host key and login key of its own. Needs root.
package final class TestSSHServer: Sendable {
  package let directory: FilePath
  package let port: UInt16
  package let hostKey: HostKey
  package let loginKey: SSHKeyPair
  private let process: ChildProcess

  /// The home of who logs in.
  package var home: FilePath { directory.appending("home") }

  package struct Failure: Error {
    package var text: String
  }

  /// Starts one. `settings` are more lines for sshd_config.
  package static func start(settings: [String] = []) throws -> TestSSHServer {
    var template = Array("/tmp/stackmake-sshd-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { throw Failure(text: "no temporary directory") }
    let directory = FilePath(String(cString: path))
    chmod(directory.string, 0o755)
    mkdir(directory.appending("home").string, 0o700)
    mkdir("/run/sshd", 0o755)
    let hostPair = try SSHKeyPair.generate()
    let loginKey = try SSHKeyPair.generate()
    try write(hostPair.privateKey, to: directory.appending("host_key"), mode: 0o600)
    try write(loginKey.publicKey + "\n", to: directory.appending("authorized_keys"), mode: 0o644)
    for _ in 0..<20 {
      let port = UInt16.random(in: 20000...29999)
      let lines =
        [
          "ListenAddress 127.0.0.1", "Port \(port)", "HostKey \(directory)/host_key", "PidFile none", "UsePAM no",
          "AuthorizedKeysFile \(directory)/authorized_keys", "StrictModes no", "PermitRootLogin prohibit-password",
          "PasswordAuthentication no", "KbdInteractiveAuthentication no", "MaxStartups 100:30:200",
          "SetEnv HOME=\(directory)/home",
        ] + settings
      try write(lines.joined(separator: "\n") + "\n", to: directory.appending("sshd_config"), mode: 0o644)
      let log = "\(directory)/sshd.log"
      let process = try ChildProcess(["/usr/sbin/sshd", "-D", "-E", log, "-f", "\(directory)/sshd_config"])
      if waitUntilListening(log, process) {
        let server = TestSSHServer(
          directory: directory, port: port, hostKey: HostKey.parse(hostPair.publicKey)!, loginKey: loginKey,
          process: process)
        return server
      }
      process.stop()
    }
    throw Failure(text: "sshd doesn't start: see \(directory)/sshd.log")
  }

  private init(directory: FilePath, port: UInt16, hostKey: HostKey, loginKey: SSHKeyPair, process: ChildProcess) {
    self.directory = directory
    self.port = port
    self.hostKey = hostKey
    self.loginKey = loginKey
    self.process = process
  }

  /// Ends it with all its connections, and removes its directory.
  package func stop() {
    cutConnections()
    process.stop()
    cutConnections()
    try? FileManager.default.removeItem(atPath: directory.string)
  }

  package func target(connectLimit: Duration = .seconds(20), authenticationLimit: Duration = .zero) -> SSHTarget {
    SSHTarget(
      host: "server-1", address: "127.0.0.1", port: port, user: "root", identities: [.privateKey(loginKey.privateKey)],
      pins: [hostKey], connectLimit: connectLimit, authenticationLimit: authenticationLimit)
  }

  /// Kills the sshd processes that serve the connections, and nothing that they started.
  package func cutConnections() {
    for child in Self.processes() where child.parent == process.pid { kill(child.id, SIGKILL) }
  }

  /// How many connections there are.
  package var connectionCount: Int { Self.processes().count { $0.parent == process.pid } }

  private static func processes() -> [(id: pid_t, parent: pid_t)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { name in
      guard let id = pid_t(name), let stat = read(FilePath("/proc/\(name)/stat")),
        let end = stat.lastIndex(of: ")")
      else { return nil }
      let fields = stat[stat.index(after: end)...].split(separator: " ")
      return fields.count > 1 ? pid_t(fields[1]).map { (id, $0) } : nil
    }
  }

  private static func waitUntilListening(_ log: String, _ process: ChildProcess) -> Bool {
    for _ in 0..<500 {
      if read(FilePath(log))?.contains("Server listening") == true { return true }
      if process.status != nil { return false }
      usleep(10_000)
    }
    return false
  }

  static func write(_ text: String, to path: FilePath, mode: mode_t) throws {
    let file = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: mode))
    try file.closeAfter { _ = try file.writeAll(text.utf8) }
  }

  private static func read(_ path: FilePath) -> String? {
    guard let data = FileManager.default.contents(atPath: path.string) else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}

import FoundationEssentials
import Glibc
import SystemPackage
package import Targets

/// A real ssh-agent with a directory of its own, which holds the keys that it is given.
package final class TestSSHAgent: Sendable {
  private let directory: FilePath
  private let process: ChildProcess

  /// What SSH_AUTH_SOCK would say.
  package var socket: String { "\(directory)/agent" }

  package static func start(keys: [SSHKeyPair]) throws -> TestSSHAgent {
    var template = Array("/tmp/stackmake-agent-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { throw TestSSHServer.Failure(text: "no temporary directory") }
    let directory = FilePath(String(cString: path))
    let agent = TestSSHAgent(
      directory: directory,
      process: try ChildProcess(["/usr/bin/ssh-agent", "-D", "-a", "\(directory)/agent"]))
    do {
      try agent.take(keys)
    } catch {
      agent.stop()
      throw error
    }
    return agent
  }

  private init(directory: FilePath, process: ChildProcess) {
    self.directory = directory
    self.process = process
  }

  private func take(_ keys: [SSHKeyPair]) throws {
    var attempts = 0
    while access(socket, F_OK) != 0 {
      attempts += 1
      guard attempts < 3000 else { throw TestSSHServer.Failure(text: "ssh-agent doesn't start") }
      usleep(10_000)
    }
    for (number, key) in keys.enumerated() {
      let file = directory.appending("key-\(number)")
      try TestSSHServer.write(key.privateKey, to: file, mode: 0o600)
      let adding = try ChildProcess(
        ["/usr/bin/env", "SSH_AUTH_SOCK=\(socket)", "ssh-add", "-q", file.string], error: .inheritedError)
      let status = adding.waitHere()
      guard status == 0 else { throw TestSSHServer.Failure(text: "ssh-add ended with \(status)") }
      unlink(file.string)
    }
  }

  /// Ends it, and removes its directory.
  package func stop() {
    process.stop()
    try? FileManager.default.removeItem(atPath: directory.string)
  }
}

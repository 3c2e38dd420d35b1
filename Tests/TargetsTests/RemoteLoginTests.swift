import Glibc
import Support
import SystemPackage
import Testing

@testable import Targets

/// What else one can log in with: the keys of an agent (`ssh_agent = yes`), and the user's own key (`ssh_key = PATH`).
@Suite(.timeLimit(.minutes(5))) struct RemoteLoginTests {
  /// Logs in to a new server that lets in its usual key and `others`.
  private func login(
    letting others: [SSHKeyPair] = [], with identities: (TestSSHServer) throws -> [SSHTarget.Identity]
  ) async throws -> Targets.ExitStatus {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    let file = try FileDescriptor.open(server.directory.appending("authorized_keys"), .writeOnly, options: .append)
    try file.closeAfter { _ = try file.writeAll(others.map { $0.publicKey + "\n" }.joined().utf8) }
    var target = server.target()
    target.identities = try identities(server)
    let shell = SSHShell(target)
    do {
      let end = try await status(of: "true", on: shell)
      await shell.close()
      return end
    } catch {
      await shell.close()
      throw error
    }
  }

  private func refusal(_ identities: @escaping (TestSSHServer) throws -> [SSHTarget.Identity]) async throws
    -> ShellError
  {
    let error = await #expect(throws: ShellError.self) { _ = try await login(with: identities) }
    return try #require(error)
  }

  // MARK: - The agent

  @Test func logsInWithAKeyOfTheAgent() async throws {
    let (stranger, mine) = (try SSHKeyPair.generate(), try SSHKeyPair.generate())
    let agent = try TestSSHAgent.start(keys: [stranger, mine])
    defer { agent.stop() }
    #expect(try await login(letting: [mine]) { _ in [.agent(socket: agent.socket)] } == .exited(0))
  }

  @Test func triesTheAgentAfterAKeyThatIsRefused() async throws {
    let (stranger, mine) = (try SSHKeyPair.generate(), try SSHKeyPair.generate())
    let agent = try TestSSHAgent.start(keys: [mine])
    defer { agent.stop() }
    #expect(
      try await login(letting: [mine]) { _ in
        [.privateKey(stranger.privateKey), .agent(socket: agent.socket)]
      } == .exited(0))
  }

  @Test(arguments: [0, 1]) func saysThatTheAgentHasNoKeyForIt(count: Int) async throws {
    let agent = try TestSSHAgent.start(keys: try (0..<count).map { _ in try SSHKeyPair.generate() })
    defer { agent.stop() }
    let error = try await refusal { _ in [.agent(socket: agent.socket)] }
    #expect(error.code == .authentication)
    #expect(error.cause == "each key of the agent was refused")
  }

  @Test func saysThatThereIsNoAgent() async throws {
    let error = try await refusal { server in [.agent(socket: "\(server.directory)/nobody")] }
    #expect(error.code == .authentication)
    #expect(error.cause.contains("agent"))
  }

  // MARK: - The user's own key

  @Test func logsInWithAKeyFile() async throws {
    #expect(
      try await login { server in
        let path = server.directory.appending("own")
        try Self.write(server.loginKey.privateKey, path)
        return [.privateKey(try SSHKeyPair.generate().privateKey), .keyFile(path)]
      } == .exited(0))
  }

  @Test(arguments: ["missing", "garbage", "passphrase", "stranger"]) func saysWhatIsWrongWithAKeyFile(kind: String)
    async throws
  {
    let error = try await refusal { server in
      let path = server.directory.appending("own")
      switch kind {
      case "garbage": try Self.write("no key", path)
      case "stranger": try Self.write(try SSHKeyPair.generate().privateKey, path)
      case "passphrase":
        let command = "ssh-keygen -q -t ed25519 -N secret -f \(path) </dev/null >/dev/null"
        #expect(system(command) == 0)
      default: break
      }
      return [.keyFile(path)]
    }
    #expect(error.code == .authentication)
    #expect(
      error.cause.hasSuffix(kind == "stranger" ? "/own` was refused" : "/own` can't be read, or has a passphrase"))
  }

  private static func write(_ text: String, _ path: FilePath) throws {
    let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: [.ownerReadWrite])
    try file.closeAfter { _ = try file.writeAll(text.utf8) }
  }
}

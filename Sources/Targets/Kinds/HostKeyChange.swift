import StackMake

/// Gives a machine a host key that nobody but itself has seen, over a connection that its injected key vouched for.
///
/// Wherever it is cut off, one of the keys on record is the one that the machine shows.
struct HostKeyChange: Sendable {
  let cluster: Cluster
  let build: TargetBuild
  let server: String

  private static let operation = "change its host key"

  private static let make = """
    cd /etc/ssh
    if ! sudo test -s ssh_host_ed25519_key.new; then
      sudo rm -f ssh_host_ed25519_key.part ssh_host_ed25519_key.part.pub
      sudo ssh-keygen -q -t ed25519 -N '' -C '' -f ssh_host_ed25519_key.part
      sudo mv ssh_host_ed25519_key.part.pub ssh_host_ed25519_key.new.pub
      sudo mv ssh_host_ed25519_key.part ssh_host_ed25519_key.new
    fi
    sudo cat ssh_host_ed25519_key.new.pub
    """

  /// A running connection outlives the reload.
  private static let take = """
    cd /etc/ssh
    sudo mv -f ssh_host_ed25519_key.new.pub ssh_host_ed25519_key.pub
    sudo mv -f ssh_host_ed25519_key.new ssh_host_ed25519_key
    sudo sync -f /etc/ssh
    sudo systemctl reload ssh 2>/dev/null || sudo systemctl reload sshd
    """

  /// The same outputs with the new key, which is on record and was seen in a connection.
  func run(_ outputs: ServerOutputs) async throws(StepError) -> ServerOutputs {
    let said = try await run(Self.make, outputs)
    guard let key = said.split(separator: "\n").lazy.compactMap({ HostKey.parse(String($0)) }).first else {
      throw StepError(operation: Self.operation, subject: build.name, cause: "the server named no new key: \(said)")
    }
    try keep(outputs.hostKeys + [key], outputs.generation)
    _ = try await run(Self.take, outputs)
    var changed = outputs
    changed.hostKeys = [key]
    _ = try await run("true", changed)
    try keep([key], outputs.generation)
    return changed
  }

  private func keep(_ keys: [HostKey], _ generation: Int) throws(StepError) {
    try build.recorded("keep its host keys") { () throws(StoreError) in
      try build.store.set([HostTrust.keyRegister(server): GivenHostKeys(generation: generation, keys: keys).text])
    }
  }

  private func run(_ script: String, _ outputs: ServerOutputs) async throws(StepError) -> String {
    let said = OutputTail()
    do throws(ShellError) {
      let shell = try cluster.shells.shell(at: StepSite(name: server, outputs: outputs.values, user: outputs.user))
      let status = try await shell.run(script, timeout: .seconds(60), output: { said.take($1) })
      guard status.isSuccess else {
        throw ShellError(.failed, host: server, operation: Self.operation, cause: "\(status)\(said.below)")
      }
      return said.text
    } catch {
      throw StepError(
        error.code == .interrupted ? .interrupted : .failed, operation: Self.operation, subject: build.name,
        cause: error.cause, hint: error.hint)
    }
  }
}

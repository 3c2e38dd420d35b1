/// A server over SSH, through one connection (libssh).
///
/// What a script has started and left running when it ends goes on; what runs when its time is over, its task is cancelled or the connection is
/// lost is ended.
package final class SSHShell: Shell {
  package let target: SSHTarget
  let link: SSHLink

  package init(_ target: SSHTarget) {
    self.target = target
    link = SSHLink(target: target)
  }

  package func run(_ script: String, timeout: Duration?, output: @escaping OutputHandler) async throws(ShellError)
    -> ExitStatus
  {
    let bytes = try RemoteScript.bytes(of: script, host: target.host, operation: "run a script")
    return try await link.perform(
      ExecRequest(
        command: RemoteScript.commandLine(RemoteScript.run, [String(bytes.count), "home"]), input: .bytes(bytes),
        keepsInputOpen: true, stopWord: RemoteScript.stopWord, timeout: timeout, operation: "run a script",
        output: output))
  }

  package func close() async {
    await link.close()
  }
}

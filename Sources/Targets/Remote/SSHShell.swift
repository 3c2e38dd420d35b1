/// A server over SSH, through one connection (libssh).
///
/// What a script has started and left running when it ends goes on; what runs when its time is over, its task is
/// cancelled or the connection is lost is ended.
package final class SSHShell: Shell {
  package let target: SSHTarget
  let link: SSHLink
  private let runner: ScriptRunner

  package init(_ target: SSHTarget) {
    self.target = target
    link = SSHLink(target: target)
    runner = ScriptRunner(host: target.host, place: ScriptPlace(), performer: link)
  }

  package func run(_ script: String, timeout: Duration?, output: @escaping OutputHandler) async throws(ShellError)
    -> ExitStatus
  {
    try await runner.run(script, timeout: timeout, output: output)
  }

  package func put(_ file: FileUpload) async throws(ShellError) -> UploadOutcome {
    try await runner.put(file)
  }

  package func job(_ job: RemoteJob, from offset: Int64, output: @escaping OutputHandler) async throws(ShellError)
    -> JobEnd
  {
    try await runner.job(job, from: offset, output: output)
  }

  package func jobState(_ id: String) async throws(ShellError) -> JobState? {
    try await runner.jobState(id)
  }

  package func withdraw() { link.withdraw() }

  package func close() async {
    await link.close()
  }
}

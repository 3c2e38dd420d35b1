package import SystemPackage

/// This machine as a shell: the same contract, with scripts that run in a directory of one's choice.
///
/// Scripts end with this program, even where it is killed: their watcher sees its pipe close. Jobs outlive it, in
/// sessions of their own.
package final class LocalShell: Shell {
  private let runner: ScriptRunner

  /// - directory: where scripts run and relative destinations start; absolute.
  /// - environment: all of it; PATH and HOME must be there.
  /// - jobs: the directory for the records of jobs; absolute, made when needed.
  package init(directory: FilePath, environment: [String: String], jobs: FilePath) {
    let host = "this machine"
    runner = ScriptRunner(
      host: host, place: ScriptPlace(directory: directory.string, jobs: jobs.string, usesUnits: false),
      performer: LocalExec(host: host, environment: environment))
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

  /// There is nothing to close: each command has its own process.
  package func close() async {}
}

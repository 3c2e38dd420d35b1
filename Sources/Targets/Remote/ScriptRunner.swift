/// Something that runs a command line of a POSIX shell: a link to a server, or this machine.
protocol ExecPerformer: Sendable {
  /// Runs a request to its end. Cancelling the task ends it as the request says, and throws `.interrupted`.
  func perform(_ request: ExecRequest) async throws(ShellError) -> ExitStatus
}

/// Where scripts run, files are put and jobs are kept.
struct ScriptPlace: Sendable, Hashable {
  /// The directory to start in, absolute; "" is the user's home.
  var directory = ""
  /// The directory of the jobs, absolute; "" is `~/.stackmake/jobs`.
  var jobs = ""
  /// Jobs are units of systemd's where there is systemd.
  var usesUnits = true
}

/// What `Shell` promises, by means of bash on the other side.
struct ScriptRunner: Sendable {
  /// For messages.
  var host: String
  var place: ScriptPlace
  var performer: any ExecPerformer

  func run(_ script: String, timeout: Duration?, output: @escaping OutputHandler) async throws(ShellError)
    -> ExitStatus
  {
    let bytes = try RemoteScript.bytes(of: script, host: host, operation: "run a script")
    return try await performer.perform(
      ExecRequest(
        command: RemoteScript.commandLine(RemoteScript.run, [String(bytes.count), place.directory]),
        input: .bytes(bytes), keepsInputOpen: true, stopWord: RemoteScript.stopWord, timeout: timeout,
        operation: "run a script", output: output))
  }
}

import StackMake
package import SystemPackage

/// Runs commands and puts files: on a server over SSH, or on this machine. One for each server and user.
///
/// Connections are made when first needed, kept open, and made anew when lost. Methods may be called at once
/// from many tasks; cancelling the task ends the remote command (TERM, then KILL) and throws `.interrupted`.
package protocol Shell: Sendable {
  /// Runs a bash script (errexit, nounset, pipefail) with no standard input, in the user's home. The script goes over the channel's
  /// standard input, never on a command line, and starts only if it arrived whole. Output is given as it comes.
  /// Returns for any exit status; throws where it is not known how the script ended.
  func run(_ script: String, timeout: Duration?, output: @escaping OutputHandler) async throws(ShellError) -> ExitStatus

  /// Puts a file where it should be: written beside it, synced and renamed; skipped where contents, mode and owner are
  /// already the same.
  func put(_ file: FileUpload) async throws(ShellError) -> UploadOutcome

  /// Starts a job that outlives the connection, or attaches to it where the server already knows its id (running or ended); follows its output from
  /// `offset` on, and returns when it ended. Two callers, on two hosts even, start it at most once.
  /// After the connection is lost it connects again and goes on at the same byte. Cancelling leaves the job running.
  func job(_ job: RemoteJob, from offset: Int64, output: @escaping OutputHandler) async throws(ShellError) -> JobEnd

  /// What the server knows of a job; nil where it never started there.
  func jobState(_ id: String) async throws(ShellError) -> JobState?

  /// The user wants to stop: from now on, what waits for a connection is interrupted. What runs comes to its end.
  func withdraw()

  /// Closes the connections.
  func close() async
}

extension Shell {
  /// Where nothing waits for a connection.
  package func withdraw() {}
}

package typealias OutputHandler = @Sendable (OutputStream, [UInt8]) -> Void

package enum OutputStream: Sendable, Hashable { case standardOutput, standardError }

package enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
  case exited(Int32)
  /// The name without SIG: `TERM`.
  case signaled(String)

  package var isSuccess: Bool { self == .exited(0) }
  package var description: String {
    switch self {
    case .exited(let status): "exit status \(status)"
    case .signaled(let name): "killed by SIG\(name)"
    }
  }
}

package struct FileUpload: Sendable, Hashable {
  package enum Contents: Sendable, Hashable {
    case bytes([UInt8])
    case file(FilePath)
  }
  package var contents: Contents
  /// From the user's home where it isn't absolute. Missing directories above it are made.
  package var destination: String
  package var mode: UInt16
  /// Installed through sudo for this owner (`user` or `user:group`); also without it through sudo where the destination is absolute
  /// and outside the user's home, then owned by root.
  package var owner: String?

  package init(contents: Contents, destination: String, mode: UInt16, owner: String?) {
    self.contents = contents
    self.destination = destination
    self.mode = mode
    self.owner = owner
  }
}

package enum UploadOutcome: Sendable, Hashable { case written, unchanged }

/// A script that must run once: its id says target, step and generation, and the server runs an id at most once.
package struct RemoteJob: Sendable, Hashable {
  /// `[A-Za-z0-9_.+-]`, at most 200 of them.
  package var id: String
  package var script: String
  /// After this long it is ended (TERM, then KILL). nil: no limit.
  package var timeout: Duration?

  package init(id: String, script: String, timeout: Duration?) {
    self.id = id
    self.script = script
    self.timeout = timeout
  }
}

package enum JobState: Sendable, Hashable {
  case running
  case ended(ExitStatus)
  /// It started, and can't be running any more, and nobody wrote how it ended: the machine was booted since, or its supervisor was killed.
  case lost(String)
}

package enum JobEnd: Sendable, Hashable {
  /// `attached` where this call didn't start it.
  case ended(ExitStatus, attached: Bool)
  case lost(String)
}

package struct ShellError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable {
    /// No connection within the limit.
    case unreachable
    /// The host key is not the pinned one. Never tried again.
    case hostKeyMismatch
    case authentication
    /// The connection was lost while something ran, and how it ended is not known.
    case connectionLost
    case timeout
    case interrupted
    case failed
  }

  package var code: Code
  package var host: String
  package var operation: String
  package var cause: String
  package var hint: String?

  package init(_ code: Code, host: String, operation: String, cause: String, hint: String? = nil) {
    self.code = code
    self.host = host
    self.operation = operation
    self.cause = cause
    self.hint = hint
  }

  /// It was ended since its time was over.
  static func tookTooLong(_ limit: Duration?, host: String, operation: String) -> ShellError {
    let seconds = limit.map { Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18 }
    return ShellError(
      .timeout, host: host, operation: operation,
      cause: "it took longer than \(seconds.map { DurationText.text($0) } ?? "it may"), and was ended",
      hint: "`timeout` says how long a step may take: `TARGET: timeout = 3h`")
  }

  package var description: String {
    let text = "\(host): \(operation): \(cause)"
    return hint.map { "\(text)\n  hint: \($0)" } ?? text
  }
}

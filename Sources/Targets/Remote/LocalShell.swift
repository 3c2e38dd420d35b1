import FoundationEssentials
import Glibc
import StackMake
import Subprocess
package import SystemPackage

/// Runs scripts on this machine, for `local` steps and targets that have no server.
package struct LocalShell: Shell {
  private let directory: FilePath
  private let environment: [String: String]

  /// - Parameters:
  ///   - directory: where scripts run, and what destinations are taken from: the Stackfile's.
  ///   - environment: given to scripts as it is.
  package init(directory: FilePath, environment: [String: String]) {
    self.directory = directory
    self.environment = environment
  }

  // The script comes over standard input, is checked to be whole, and is then run with none.
  private static let bootstrap = """
    script=$(cat) || exit 125
    case $script in *'\(mark)') ;; *) echo 'the script arrived cut off' >&2; exit 125 ;; esac
    exec </dev/null
    set -euo pipefail
    eval "$script"
    """
  private static let mark = "\n# end of the script"

  package func run(
    _ script: String, timeout: Duration?, output: @escaping OutputHandler
  ) async throws(ShellError) -> ExitStatus {
    let run = Task { try await execute(script, output) }
    let limit = timeout.map { timeout in
      Task {
        try await Task.sleep(for: timeout)
        run.cancel()
      }
    }
    let result = await withTaskCancellationHandler {
      await run.result
    } onCancel: {
      run.cancel()
    }
    let isTooLate = limit != nil && run.isCancelled && !Task.isCancelled
    limit?.cancel()
    if Task.isCancelled { throw failure(.interrupted, "run a script", "interrupted") }
    if isTooLate { throw failure(.timeout, "run a script", "not done within \(timeout!.components.seconds) s") }
    do {
      return try result.get()
    } catch {
      throw failure(.failed, "run a script", "\(error)")
    }
  }

  private func execute(_ script: String, _ output: @escaping OutputHandler) async throws -> ExitStatus {
    var options = PlatformOptions()
    // A session of its own: what the script starts ends with it, and Ctrl-C on the terminal is ours to handle.
    options.createSession = true
    options.teardownSequence = [
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(5)),
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero),
    ]
    let result = try await Subprocess.run(
      .path("/bin/bash"), arguments: ["-c", Self.bootstrap],
      environment: .custom(
        Dictionary(
          uniqueKeysWithValues: environment.compactMap { key, value in
            Environment.Key(rawValue: key).map { ($0, value) }
          })),
      workingDirectory: directory, platformOptions: options, input: .array(Array((script + Self.mark).utf8)),
      output: .sequence, error: .sequence
    ) { execution in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for try await buffer in execution.standardOutput {
            output(.standardOutput, buffer.withUnsafeBytes { Array($0) })
          }
        }
        group.addTask {
          for try await buffer in execution.standardError {
            output(.standardError, buffer.withUnsafeBytes { Array($0) })
          }
        }
        try await group.waitForAll()
      }
    }
    switch result.terminationStatus {
    case .exited(let status): return .exited(status)
    case .signaled(let number): return .signaled(Self.signalName(number))
    }
  }

  package func put(_ file: FileUpload) async throws(ShellError) -> UploadOutcome {
    guard file.owner == nil else {
      throw failure(.failed, "put \(file.destination)", "`owner=` is for servers, not for this machine")
    }
    let destination = directory.pushing(FilePath(file.destination))
    do {
      let bytes: [UInt8]
      switch file.contents {
      case .bytes(let contents): bytes = contents
      case .file(let path): bytes = Array(try Data(contentsOf: URL(filePath: directory.pushing(path).string)))
      }
      var status = stat()
      if stat(destination.string, &status) == 0, UInt16(truncatingIfNeeded: status.st_mode & 0o7777) == file.mode,
        let there = try? Data(contentsOf: URL(filePath: destination.string)), there.elementsEqual(bytes)
      {
        return .unchanged
      }
      try FileManager.default.createDirectory(
        atPath: destination.removingLastComponent().string, withIntermediateDirectories: true)
      try write(bytes, mode: file.mode, to: destination)
      return .written
    } catch {
      throw failure(.failed, "put \(destination)", "\(error)")
    }
  }

  /// Beside it, synced, and renamed: whoever reads it sees the old or the new.
  private func write(_ bytes: [UInt8], mode: UInt16, to destination: FilePath) throws {
    var name = Array("\(destination.string).stackmake-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    let temporary = FilePath(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    let file = FileDescriptor(rawValue: descriptor)
    do {
      try file.closeAfter {
        try file.writeAll(bytes)
        guard fchmod(descriptor, mode_t(mode)) == 0, fsync(descriptor) == 0 else { throw Errno(rawValue: errno) }
      }
      guard rename(temporary.string, destination.string) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }

  /// On this machine a step ends with its connection: there is none. A `once` step is run plainly, and the record of
  /// its start keeps it from running again.
  package func job(
    _ job: RemoteJob, from offset: Int64, output: @escaping OutputHandler
  ) async throws(ShellError) -> JobEnd {
    .ended(try await run(job.script, timeout: job.timeout, output: output), attached: false)
  }

  package func jobState(_ id: String) async throws(ShellError) -> JobState? { nil }

  package func close() async {}

  private func failure(_ code: ShellError.Code, _ operation: String, _ cause: String) -> ShellError {
    ShellError(code, host: "this machine", operation: operation, cause: cause)
  }

  /// The name without SIG.
  static func signalName(_ number: Int32) -> String {
    let names: [Int32: String] = [
      SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGABRT: "ABRT", SIGBUS: "BUS", SIGFPE: "FPE",
      SIGKILL: "KILL", SIGSEGV: "SEGV", SIGPIPE: "PIPE", SIGALRM: "ALRM", SIGTERM: "TERM", SIGUSR1: "USR1",
      SIGUSR2: "USR2",
    ]
    return names[number] ?? String(number)
  }
}

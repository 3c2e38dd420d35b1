import Glibc
import Subprocess
import SystemPackage

/// Runs command lines on this machine.
///
/// swift-subprocess starts the process and collects its status; a thread of our own moves the bytes, since a process
/// that was left running may hold the pipes open long after the command's end.
struct LocalExec: ExecPerformer {
  var host: String
  var environment: [String: String]

  func perform(_ request: ExecRequest) async throws(ShellError) -> ExitStatus {
    let wakeup = Wakeup()
    // A task of its own: swift-subprocess would kill the process at once when the task is cancelled.
    let task = Task { await execute(request, wakeup) }
    let outcome = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      request.cancel()
      wakeup.wake()
    }
    return try outcome.get()
  }

  private func execute(_ request: ExecRequest, _ wakeup: Wakeup) async -> ExecRequest.Outcome {
    if request.isCancelled { return .failure(interruption(of: request)) }
    do {
      let pipes = try Pipes()
      defer { pipes.closeOutputs() }
      var options = PlatformOptions()
      options.createSession = true
      var variables: [Environment.Key: String] = [:]
      for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
      let result = try await Subprocess.run(
        .path("/bin/sh"), arguments: ["-c", request.command], environment: .custom(variables),
        platformOptions: options, input: .fileDescriptor(pipes.input.readEnd, closeAfterSpawningProcess: true),
        output: .fileDescriptor(pipes.output.writeEnd, closeAfterSpawningProcess: true),
        error: .fileDescriptor(pipes.error.writeEnd, closeAfterSpawningProcess: true)
      ) { execution in
        let process = execution.processIdentifier
        return try await OwnThread.run { [host] in
          let pump = LocalPump(
            request, host: host, process: process.value, descriptor: process.processDescriptor, wakeup: wakeup,
            input: pipes.input.writeEnd, output: pipes.output.readEnd, error: pipes.error.readEnd)
          return pump.run()
        }
      }
      if let error = result.closureResult { return .failure(error) }
      switch result.terminationStatus {
      case .exited(let status): return .success(.exited(status))
      case .signaled(let number): return .success(.signaled(Self.name(ofSignal: number)))
      }
    } catch {
      return .failure(
        ShellError(.failed, host: host, operation: request.operation, cause: "can't start /bin/sh: \(error)"))
    }
  }

  private func interruption(of request: ExecRequest) -> ShellError {
    ShellError(.interrupted, host: host, operation: request.operation, cause: "interrupted")
  }

  private struct Pipes {
    let input: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    let output: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    let error: (readEnd: FileDescriptor, writeEnd: FileDescriptor)

    init() throws {
      var made: [(readEnd: FileDescriptor, writeEnd: FileDescriptor)] = []
      do {
        for _ in 0..<3 { made.append(try FileDescriptor.pipe(options: .closeOnExec)) }
      } catch {
        for pipe in made {
          try pipe.readEnd.close()
          try pipe.writeEnd.close()
        }
        throw error
      }
      (input, output, error) = (made[0], made[1], made[2])
      for descriptor in [input.writeEnd, output.readEnd, error.readEnd] {
        _ = fcntl(descriptor.rawValue, F_SETFL, fcntl(descriptor.rawValue, F_GETFL) | O_NONBLOCK)
      }
    }

    func closeOutputs() {
      // Nothing is lost by closing the reading end.
      try? output.readEnd.close()
      try? error.readEnd.close()
    }
  }

  /// As SSH names them; a number where it has no name for one.
  private static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGTRAP: "TRAP", SIGABRT: "ABRT", SIGBUS: "BUS",
      SIGFPE: "FPE", SIGKILL: "KILL", SIGUSR1: "USR1", SIGSEGV: "SEGV", SIGUSR2: "USR2", SIGPIPE: "PIPE",
      SIGALRM: "ALRM", SIGTERM: "TERM", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ", SIGSYS: "SYS",
    ]
    return names[number] ?? String(number)
  }
}

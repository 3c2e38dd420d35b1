extension ScriptRunner {
  func job(_ job: RemoteJob, from offset: Int64, output: @escaping OutputHandler) async throws(ShellError)
    -> JobEnd
  {
    let operation = "run job `\(job.id)`"
    guard JobScript.isValid(id: job.id) else {
      throw ShellError(.failed, host: host, operation: operation, cause: "this is no id for a job")
    }
    let script = try RemoteScript.bytes(of: job.script, host: host, operation: operation)
    let token = String(UInt64.random(in: UInt64.min ... .max), radix: 16)
    let report = JobReport(offset: offset, output: output)
    var starter: String?
    var shortLives = 0
    while true {
      let command =
        starter == nil
        ? JobScript.startAndFollow(job, at: place, token: token, size: script.count, offset: report.offset)
        : JobScript.follow(job.id, at: place, offset: report.offset)
      report.forgetWords()
      let begin = ContinuousClock.now
      do throws(ShellError) {
        let status = try await performer.perform(
          ExecRequest(
            command: command, input: .bytes(starter == nil ? script : []), keepsInputOpen: true, operation: operation,
            output: report.handler))
        if let end = report.end, let state = JobState.parse(end) {
          switch state {
          case .ended(let status): return .ended(status, attached: report.starter != token)
          case .lost(let reason): return .lost(reason)
          case .running: break
          case nil: return .lost("the server doesn't know it any more")
          }
        }
        let words = report.remarks
        throw ShellError(.failed, host: host, operation: operation, cause: words.isEmpty ? "\(status)" : words)
      } catch {
        guard error.code == .connectionLost else { throw error }
        starter = report.starter ?? starter
        // A server that takes connections only to drop them must not be asked for ever.
        shortLives = ContinuousClock.now - begin < .seconds(2) ? shortLives + 1 : 0
        if shortLives >= 20 { throw error }
        if shortLives > 1 { try await pause(.milliseconds(500), operation) }
      }
    }
  }

  func jobState(_ id: String) async throws(ShellError) -> JobState? {
    let operation = "look for job `\(id)`"
    guard JobScript.isValid(id: id) else {
      throw ShellError(.failed, host: host, operation: operation, cause: "this is no id for a job")
    }
    let output = CapturedOutput()
    let status = try await performer.perform(
      ExecRequest(command: JobScript.state(id, at: place), operation: operation, output: output.handler))
    let text = output.standardOutput.split(whereSeparator: \.isNewline).last ?? ""
    guard status.isSuccess, let state = JobState.parse(text) else {
      throw ShellError(
        .failed, host: host, operation: operation,
        cause: output.lastErrorLines.isEmpty
          ? "unexpected answer: \(text)" : output.lastErrorLines)
    }
    return state
  }

  private func pause(_ duration: Duration, _ operation: String) async throws(ShellError) {
    do {
      try await Task.sleep(for: duration)
    } catch {
      throw ShellError(.interrupted, host: host, operation: operation, cause: "interrupted")
    }
  }
}

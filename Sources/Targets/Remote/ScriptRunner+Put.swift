extension ScriptRunner {
  func put(_ file: FileUpload) async throws(ShellError) -> UploadOutcome {
    let operation = "put `\(file.destination)`"
    let source: UploadSource
    do throws(UploadSourceError) {
      source = try await UploadSource.read(file.contents)
    } catch {
      throw ShellError(.failed, host: host, operation: operation, cause: error.cause)
    }
    let answer = CapturedOutput()
    try await exec(
      PutScript.compare(file, at: place, digest: source.digest, size: source.size), input: .bytes([]), operation, answer
    )
    switch PutScript.answer(answer.standardOutput) {
    case .unchanged: return .unchanged
    case .different: break
    case nil:
      throw ShellError(
        .failed, host: host, operation: operation, cause: "unexpected answer: \(answer.standardOutput)",
        hint: "does a start-up file of the user's shell print something?")
    }
    let input: ExecRequest.Input =
      switch file.contents {
      case .bytes(let bytes): .bytes(bytes)
      case .file(let path): .file(path, size: source.size)
      }
    try await exec(
      PutScript.write(file, at: place, digest: source.digest, size: source.size), input: input, operation,
      CapturedOutput())
    return .written
  }

  /// Runs one of our own command lines; any other end than success is an error in the server's words.
  private func exec(_ command: String, input: ExecRequest.Input, _ operation: String, _ output: CapturedOutput)
    async throws(ShellError)
  {
    let status = try await performer.perform(
      ExecRequest(command: command, input: input, operation: operation, output: output.handler))
    guard status.isSuccess else {
      let words = output.lastErrorLines
      throw ShellError(
        .failed, host: host, operation: operation, cause: words.isEmpty ? "\(status)" : "\(words) (\(status))")
    }
  }
}

extension ScriptRunner {
  func put(_ file: FileUpload) async throws(ShellError) -> UploadOutcome {
    let operation = "put `\(file.destination)`"
    let source: UploadSource
    do throws(UploadSourceError) {
      source = try await UploadSource.read(file.contents)
    } catch {
      throw ShellError(.failed, host: host, operation: operation, cause: error.cause)
    }
    let input: ExecRequest.Input =
      switch file.contents {
      case .bytes(let bytes): .bytes(bytes)
      case .file(let path): .file(path, size: source.size)
      }
    let output = CapturedOutput()
    let status = try await performer.perform(
      ExecRequest(
        command: PutScript.command(file, at: place, digest: source.digest, size: source.size), input: input,
        inputCue: Array(PutScript.different.utf8), operation: operation, output: output.handler))
    switch PutScript.outcome(output.standardOutput) {
    case .some(let outcome) where status.isSuccess: return outcome
    case nil where status.isSuccess || !output.standardOutput.isEmpty:
      throw ShellError(
        .failed, host: host, operation: operation, cause: "unexpected answer: \(output.standardOutput)",
        hint: "does a start-up file of the user's shell print something?")
    default:
      let words = output.lastErrorLines
      throw ShellError(
        .failed, host: host, operation: operation, cause: words.isEmpty ? "\(status)" : "\(words) (\(status))")
    }
  }
}

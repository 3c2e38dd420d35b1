package import StackMake
import Synchronization
package import SystemPackage

/// Runs steps of recipes through shells: on servers, and on this machine.
package struct RecipeRunner: StepRunner {
  private let shells: any ShellProvider
  private let directory: FilePath
  private let redact: @Sendable (String) -> String

  /// - Parameters:
  ///   - directory: where paths of sources that aren't absolute begin.
  ///   - redact: takes secrets out of text that goes into an error.
  package init(shells: any ShellProvider, directory: FilePath, redact: @escaping @Sendable (String) -> String) {
    self.shells = shells
    self.directory = directory
    self.redact = redact
  }

  package func run(_ step: ResolvedStep, at site: StepSite?, events: StepEvents) async throws(StepError) {
    let subject = site.map { "\(step.target) on \($0.name)" } ?? step.target
    let operation = "run step \(step.number) of \(step.count)"
    let lines = OutputLines(events.line)
    let status: ExitStatus
    do throws(ShellError) {
      let shell: any Shell = if let site { try shells.shell(at: site) } else { shells.here }
      // Nobody who wants to stop should have to wait for a server that doesn't answer.
      let outcome = await events.interrupt.notifying({ shell.withdraw() }) { () -> Result<ExitStatus?, ShellError> in
        do throws(ShellError) {
          return .success(try await perform(step, on: shell, at: site, lines, events))
        } catch {
          return .failure(error)
        }
      }
      guard let ended = try outcome.get() else { return }
      status = ended
    } catch {
      lines.finish()
      throw StepError(
        error.code == .interrupted ? .interrupted : .failed, operation: operation, subject: subject,
        cause: redact("\(error.operation): \(error.cause)"), hint: error.hint)
    }
    lines.finish()
    if status.isSuccess { events.result(lines.lastOutput) }
    guard status.isSuccess else {
      throw StepError(
        operation: operation, subject: subject,
        cause: redact(([status.description] + lines.last).joined(separator: "\n    ")),
        hint: "`stackmake log \(step.target)` shows all of its output")
    }
  }

  /// How its script ended; nil where it has none.
  private func perform(
    _ step: ResolvedStep, on shell: any Shell, at site: StepSite?, _ lines: OutputLines, _ events: StepEvents
  ) async throws(ShellError) -> ExitStatus? {
    switch step.body {
    case .files(let files):
      for file in files { try await put(file, on: shell, events: events) }
      return nil
    case .script(let script):
      if let id = step.onceID {
        return try await once(
          id, script, step.timeout, on: shell, outlivesUs: site != nil, lines: lines, events: events)
      }
      events.trace("\(site?.name ?? "local"): \(script)")
      return try await shell.run(script, timeout: step.timeout) { lines.take($0, $1) }
    }
  }

  private func put(_ file: ResolvedFile, on shell: any Shell, events: StepEvents) async throws(ShellError) {
    let contents: FileUpload.Contents =
      switch file.contents {
      case .path(let path): .file(directory.pushing(FilePath(path)))
      case .bytes(let bytes): .bytes(bytes)
      }
    let outcome = try await shell.put(
      FileUpload(contents: contents, destination: file.destination, mode: file.mode, owner: file.owner))
    events.trace("put \(file.destination): \(outcome)")
  }

  /// Starts the job or attaches to it, and follows it to its end. At the first interrupt it is left alone: on a server it
  /// goes on by itself, and the next run attaches to it. On this machine it would end with us, so its end is waited for.
  private func once(
    _ id: String, _ script: String, _ timeout: Duration?, on shell: any Shell, outlivesUs: Bool, lines: OutputLines,
    events: StepEvents
  ) async throws(ShellError) -> ExitStatus {
    let job = RemoteJob(id: id, script: script, timeout: timeout)
    if try await shell.jobState(id) != nil {
      events.note("the step has started before: attaching to it")
    }
    events.trace("once \(id): \(script)")
    let task = Task { () -> Result<JobEnd, ShellError> in
      do throws(ShellError) {
        return .success(try await shell.job(job, from: 0) { lines.take($0, $1) })
      } catch {
        return .failure(error)
      }
    }
    let result = await events.interrupt.notifying({ if outlivesUs { task.cancel() } }) {
      await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
    }
    switch try result.get() {
    case .ended(let status, _): return status
    case .lost(let reason):
      throw ShellError(.failed, host: id, operation: "follow the step", cause: "it was cut off: \(reason)")
    }
  }
}

/// Splits output into lines for the log, and keeps the last ones for the error.
private final class OutputLines: Sendable {
  private struct State {
    var splitters: [OutputStream: LineSplitter] = [:]
    var last: [String] = []
    /// The last line of standard output that isn't blank.
    var lastOutput = ""

    mutating func note(_ lines: [String], _ stream: OutputStream) {
      guard stream == .standardOutput else { return }
      guard let line = lines.last(where: { line in line.contains { !$0.isWhitespace } && Phase(line: line) == nil })
      else { return }
      lastOutput = line.trimmed
    }
  }
  private let state = Mutex(State())
  private let line: @Sendable (String) -> Void

  init(_ line: @escaping @Sendable (String) -> Void) { self.line = line }

  var last: [String] { state.withLock { $0.last } }
  var lastOutput: String { state.withLock { $0.lastOutput } }

  func take(_ stream: OutputStream, _ bytes: [UInt8]) {
    say { state in
      let lines = state.splitters[stream, default: LineSplitter()].feed(bytes)
      state.note(lines, stream)
      return lines
    }
  }

  /// Says what came without an end of line.
  func finish() {
    say { state in
      var rest: [String] = []
      for stream in [OutputStream.standardOutput, .standardError] {
        guard let line = state.splitters[stream]?.finish() else { continue }
        state.note([line], stream)
        rest.append(line)
      }
      state.splitters = [:]
      return rest
    }
  }

  private func say(_ body: @Sendable (inout State) -> [String]) {
    let lines = state.withLock { state in
      let lines = body(&state)
      state.last = Array((state.last + lines.map { Phase(line: $0)?.text ?? $0 }).suffix(10))
      return lines
    }
    for text in lines { line(text) }
  }
}

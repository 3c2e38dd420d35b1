import FoundationEssentials
import Synchronization
import SystemPackage
package import Targets

/// A shell that only pretends: a table of answers, a log of calls, faults on demand, files and jobs in memory.
package final class FakeShell: Shell {
  package enum Call: Sendable, Hashable {
    case run(String)
    case put(FileUpload)
    case job(RemoteJob)
    case jobState(String)
    case close
  }

  /// What a script does.
  package struct Reply: Sendable {
    package var output: [(stream: OutputStream, text: String)]
    package var status: ExitStatus
    /// It never ends by itself: only when cancelled, at its timeout, or by `endJob`.
    package var hangs: Bool

    package init(_ text: String = "", error: String = "", status: ExitStatus = .exited(0), hangs: Bool = false) {
      output = [(.standardOutput, text), (.standardError, error)].filter { !$0.1.isEmpty }
      self.status = status
      self.hangs = hangs
    }
  }

  private struct Job {
    var log: [UInt8]
    var end: JobState
  }

  private struct State {
    var calls: [Call] = []
    var table: [(part: String, reply: Reply)] = []
    var faults: [ShellError] = []
    var files: [String: (contents: [UInt8], mode: UInt16, owner: String?)] = [:]
    var jobs: [String: Job] = [:]
  }
  private let state = Mutex(State())
  private let host: String

  package init(host: String = "fake") {
    self.host = host
  }

  // MARK: - For tests

  /// Scripts that contain `part` do this; of several parts that fit, the last one set counts. Others do nothing, and
  /// succeed.
  package func answer(_ part: String, with reply: Reply) {
    state.withLock { $0.table.append((part, reply)) }
  }

  /// The next call that does something throws this instead; several are thrown one a call.
  package func failNext(_ error: ShellError) {
    state.withLock { $0.faults.append(error) }
  }

  package var calls: [Call] { state.withLock { $0.calls } }

  /// The scripts of `run`, in order.
  package var scripts: [String] {
    calls.compactMap { if case .run(let script) = $0 { script } else { nil } }
  }

  package func contents(of destination: String) -> String? {
    state.withLock { $0.files[destination] }.map { String(decoding: $0.contents, as: UTF8.self) }
  }

  /// Sets how a job ended, or that it was lost: one that hangs, or one that an earlier run had started.
  package func endJob(_ id: String, _ end: JobState, log: String = "") {
    state.withLock { state in
      state.jobs[id, default: Job(log: [], end: .running)].log += Array(log.utf8)
      state.jobs[id]?.end = end
    }
  }

  // MARK: - Shell

  package func run(_ script: String, timeout: Duration?, output: @escaping OutputHandler) async throws(ShellError)
    -> ExitStatus
  {
    try begin(.run(script))
    let reply = reply(to: script)
    for (stream, text) in reply.output { output(stream, Array(text.utf8)) }
    if reply.hangs {
      let limit = timeout.map { ContinuousClock.now + $0 }
      while limit.map({ .now < $0 }) ?? true { try await pause("run a script") }
      throw ShellError(.timeout, host: host, operation: "run a script", cause: "it took too long")
    }
    return reply.status
  }

  package func put(_ file: FileUpload) async throws(ShellError) -> UploadOutcome {
    try begin(.put(file))
    let contents: [UInt8]
    switch file.contents {
    case .bytes(let bytes): contents = bytes
    case .file(let path):
      guard let data = FileManager.default.contents(atPath: path.string) else {
        throw ShellError(.failed, host: host, operation: "put `\(file.destination)`", cause: "can't read `\(path)`")
      }
      contents = Array(data)
    }
    return state.withLock { state in
      if let old = state.files[file.destination], old == (contents, file.mode, file.owner) { return .unchanged }
      state.files[file.destination] = (contents, file.mode, file.owner)
      return .written
    }
  }

  package func job(_ job: RemoteJob, from offset: Int64, output: @escaping OutputHandler) async throws(ShellError)
    -> JobEnd
  {
    try begin(.job(job))
    let reply = reply(to: job.script)
    let attached = state.withLock { state in
      if state.jobs[job.id] != nil { return true }
      let log = reply.output.flatMap { Array($0.text.utf8) }
      state.jobs[job.id] = Job(log: log, end: reply.hangs ? .running : .ended(reply.status))
      return false
    }
    var offset = Int(offset)
    let begin = ContinuousClock.now
    while true {
      let now = state.withLock { state in state.jobs[job.id]! }
      if now.log.count > offset {
        output(.standardOutput, Array(now.log[offset...]))
        offset = now.log.count
      }
      switch now.end {
      case .ended(let status): return .ended(status, attached: attached)
      case .lost(let reason): return .lost(reason)
      case .running:
        try await pause("run job `\(job.id)`")
        if let limit = job.timeout, ContinuousClock.now - begin > limit { endJob(job.id, .ended(.signaled("TERM"))) }
      }
    }
  }

  package func jobState(_ id: String) async throws(ShellError) -> JobState? {
    try begin(.jobState(id))
    return state.withLock { $0.jobs[id]?.end }
  }

  package func close() async {
    state.withLock { $0.calls.append(.close) }
  }

  private func begin(_ call: Call) throws(ShellError) {
    let fault = state.withLock { state in
      state.calls.append(call)
      return state.faults.isEmpty ? nil : state.faults.removeFirst()
    }
    if let fault { throw fault }
  }

  private func reply(to script: String) -> Reply {
    state.withLock { $0.table.last { script.contains($0.part) }?.reply } ?? Reply()
  }

  private func pause(_ operation: String) async throws(ShellError) {
    do {
      try await Task.sleep(for: .milliseconds(10))
    } catch {
      throw ShellError(.interrupted, host: host, operation: operation, cause: "interrupted")
    }
  }
}

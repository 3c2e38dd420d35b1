import SystemPackage
package import Targets

/// What every shell does alike. Each check throws `Violation` where it doesn't hold.
package struct ShellContract: Sendable {
  package struct Violation: Error, CustomStringConvertible {
    package var description: String
  }

  package enum Check: String, Sendable, CaseIterable {
    case status, streams, signal, noInput, strictness, timeout, cancel, put, putMode, job, jobAttach, jobOffset
    case jobTimeout, jobCancel, jobUnknown, manyAtOnce
  }

  /// A shell that has seen no other check: destinations and job ids are used once.
  private let shell: any Shell

  package init(_ shell: any Shell) {
    self.shell = shell
  }

  /// What a fake must answer to the scripts below.
  package static func prepare(_ fake: FakeShell) {
    fake.answer(statusScript, with: .init(status: .exited(7)))
    fake.answer(streamsScript, with: .init("one\ntwo\n", error: "three\n"))
    fake.answer(signalScript, with: .init(status: .signaled("USR1")))
    fake.answer(noInputScript, with: .init("nothing\n"))
    for (script, _) in strictScripts { fake.answer(script, with: .init(status: .exited(1))) }
    fake.answer(endlessScript, with: .init("begun\n", hangs: true))
    fake.answer(waitingScript, with: .init("begun\n", hangs: true))
    fake.answer(jobScript, with: .init("first\nsecond\n", status: .exited(5)))
    for index in 0..<count { fake.answer(numberScript(index), with: .init("\(index)\n")) }
  }

  private static let statusScript = "exit 7"
  private static let streamsScript = "echo one; echo three >&2; echo two"
  private static let signalScript = "kill -USR1 $$"
  private static let noInputScript = "if read -r line; then echo \"$line\"; else echo nothing; fi"
  private static let strictScripts = [
    ("false; echo reached", "errexit"), ("echo \"$undefined_name\"; echo reached", "nounset"),
    ("false | true; echo reached", "pipefail"),
  ]
  private static let endlessScript = "echo begun; sleep 4321"
  private static let releaseFile = "contract-go"
  private static let waitingScript = "echo begun; until [ -e \(releaseFile) ]; do sleep 0.1; done"
  private static let jobScript = "echo first; echo second >&2; exit 5"
  private static let count = 12
  private static func numberScript(_ index: Int) -> String { "echo \(index) # number" }

  package func verify(_ check: Check) async throws {
    switch check {
    case .status: try await verifyStatus()
    case .streams: try await verifyStreams()
    case .signal: try await verifySignal()
    case .noInput: try await verifyNoInput()
    case .strictness: try await verifyStrictness()
    case .timeout: try await verifyTimeout()
    case .cancel: try await verifyCancel()
    case .put: try await verifyPut()
    case .putMode: try await verifyPutMode()
    case .job: try await verifyJob()
    case .jobAttach: try await verifyJobAttach()
    case .jobOffset: try await verifyJobOffset()
    case .jobTimeout: try await verifyJobTimeout()
    case .jobCancel: try await verifyJobCancel()
    case .jobUnknown: try await verifyJobUnknown()
    case .manyAtOnce: try await verifyManyAtOnce()
    }
  }

  private func verifyStatus() async throws {
    let status = try await shell.run(Self.statusScript, timeout: nil) { _, _ in }
    try require(status == .exited(7), "\(status)")
  }

  private func verifyStreams() async throws {
    let output = OutputRecorder()
    _ = try await shell.run(Self.streamsScript, timeout: nil, output: output.handler)
    try require(output.standardOutput == "one\ntwo\n", output.standardOutput)
    try require(output.standardError == "three\n", output.standardError)
  }

  private func verifySignal() async throws {
    let status = try await shell.run(Self.signalScript, timeout: nil) { _, _ in }
    try require(status == .signaled("USR1"), "\(status)")
  }

  private func verifyNoInput() async throws {
    let output = OutputRecorder()
    _ = try await shell.run(Self.noInputScript, timeout: nil, output: output.handler)
    try require(output.standardOutput == "nothing\n", output.standardOutput)
  }

  private func verifyStrictness() async throws {
    for (script, name) in Self.strictScripts {
      let output = OutputRecorder()
      let status = try await shell.run(script, timeout: nil, output: output.handler)
      try require(!status.isSuccess && output.standardOutput.isEmpty, "\(name): \(status)")
    }
  }

  private func verifyTimeout() async throws {
    let error = await error { try await shell.run(Self.endlessScript, timeout: .milliseconds(300)) { _, _ in } }
    try require(error?.code == .timeout, "\(String(describing: error))")
  }

  private func verifyCancel() async throws {
    let output = OutputRecorder()
    let task = Task { [shell] in
      try await shell.run(Self.endlessScript, timeout: nil, output: output.handler)
    }
    try await until { output.standardOutput == "begun\n" }
    task.cancel()
    let error = await error { try await task.value }
    try require(error?.code == .interrupted, "\(String(describing: error))")
  }

  private func verifyPut() async throws {
    var file = FileUpload(contents: .bytes(Array("hello".utf8)), destination: "contract/a", mode: 0o644, owner: nil)
    try require(try await shell.put(file) == .written, "the first one is written")
    try require(try await shell.put(file) == .unchanged, "the same again is not")
    file.contents = .bytes(Array("other".utf8))
    try require(try await shell.put(file) == .written, "other contents are")
    file.contents = .file("/nonexistent/file")
    let error = await error { try await shell.put(file) }
    try require(error?.code == .failed, "a file that can't be read")
  }

  private func verifyPutMode() async throws {
    var file = FileUpload(contents: .bytes([]), destination: "contract/b", mode: 0o600, owner: nil)
    try require(try await shell.put(file) == .written, "the first one is written")
    file.mode = 0o755
    try require(try await shell.put(file) == .written, "another mode is")
    try require(try await shell.put(file) == .unchanged, "the same is not")
  }

  private func verifyJob() async throws {
    let output = OutputRecorder()
    let job = RemoteJob(id: "contract-job", script: Self.jobScript, timeout: nil)
    let end = try await shell.job(job, from: 0, output: output.handler)
    try require(end == .ended(.exited(5), attached: false), "\(end)")
    try require(output.standardOutput == "first\nsecond\n", output.standardOutput)
    let state = try await shell.jobState("contract-job")
    try require(state == .ended(.exited(5)), "\(String(describing: state))")
  }

  private func verifyJobAttach() async throws {
    let job = RemoteJob(id: "contract-attach", script: Self.jobScript, timeout: nil)
    _ = try await shell.job(job, from: 0) { _, _ in }
    let output = OutputRecorder()
    let end = try await shell.job(job, from: 0, output: output.handler)
    try require(end == .ended(.exited(5), attached: true), "\(end)")
    try require(output.standardOutput == "first\nsecond\n", output.standardOutput)
  }

  private func verifyJobOffset() async throws {
    let job = RemoteJob(id: "contract-offset", script: Self.jobScript, timeout: nil)
    _ = try await shell.job(job, from: 0) { _, _ in }
    let output = OutputRecorder()
    _ = try await shell.job(job, from: 6, output: output.handler)
    try require(output.standardOutput == "second\n", output.standardOutput)
  }

  private func verifyJobTimeout() async throws {
    let job = RemoteJob(id: "contract-timeout", script: Self.endlessScript, timeout: .milliseconds(400))
    let end = try await shell.job(job, from: 0) { _, _ in }
    try require(end == .ended(.signaled("TERM"), attached: false), "\(end)")
  }

  /// The job waits for a file rather than for a time: however slow the machine is, it runs until it is let go.
  private func verifyJobCancel() async throws {
    let output = OutputRecorder()
    let job = RemoteJob(id: "contract-cancel", script: Self.waitingScript, timeout: nil)
    let task = Task { [shell] in try await shell.job(job, from: 0, output: output.handler) }
    try await until { output.standardOutput == "begun\n" }
    task.cancel()
    let error = await error { try await task.value }
    try require(error?.code == .interrupted, "\(String(describing: error))")
    let state = try await shell.jobState(job.id)
    try require(state == .running, "\(String(describing: state))")
    let file = FileUpload(contents: .bytes([]), destination: Self.releaseFile, mode: 0o644, owner: nil)
    _ = try await shell.put(file)
    if let fake = shell as? FakeShell { fake.endJob(job.id, .ended(.exited(0))) }
    let end = try await shell.job(job, from: 0) { _, _ in }
    try require(end == .ended(.exited(0), attached: true), "\(end)")
  }

  private func verifyJobUnknown() async throws {
    let state = try await shell.jobState("contract-unknown")
    try require(state == nil, "\(String(describing: state))")
  }

  private func verifyManyAtOnce() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<Self.count {
        group.addTask {
          let output = OutputRecorder()
          _ = try await shell.run(Self.numberScript(index), timeout: nil, output: output.handler)
          try require(output.standardOutput == "\(index)\n", output.standardOutput)
        }
      }
      try await group.waitForAll()
    }
  }

  private func require(_ condition: Bool, _ text: String) throws {
    if !condition { throw Violation(description: text) }
  }

  private func error<Value>(_ body: () async throws -> Value) async -> ShellError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? ShellError
    }
  }

  private func until(_ condition: () -> Bool) async throws {
    for _ in 0..<3000 {
      if condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Violation(description: "it never came to be")
  }
}

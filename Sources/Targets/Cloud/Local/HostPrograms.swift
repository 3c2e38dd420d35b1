import Subprocess
import SystemPackage

/// Runs programs of this host, found on the path and in the places where root's programs are.
struct HostPrograms: Sendable {
  private let environment: Environment
  let path: [String]

  init(environment: [String: String]) {
    let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    self.path = path + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].filter { !path.contains($0) }
    var values = environment
    values["PATH"] = self.path.joined(separator: ":")
    // Their words are read.
    values["LC_ALL"] = "C.UTF-8"
    self.environment = .custom(
      Dictionary(
        uniqueKeysWithValues: values.compactMap { key, value in
          Environment.Key(rawValue: key).map { ($0, value) }
        }))
  }

  struct Output: Sendable, Hashable {
    var status: Int32
    var text: String
    var error: String
  }

  /// Runs it to its end, whatever that is. Throws where it doesn't start.
  ///
  /// Input and output are files without a name, not pipes: swift-subprocess 1.0.2 now and then waits for ever for a
  /// pipe whose other end is closed.
  func run(_ program: String, _ arguments: [String], input: String = "") async throws(CloudError) -> Output {
    let streams = try await offload { () throws(CloudError) in
      [try ScratchFile(input), try ScratchFile(""), try ScratchFile("")]
    }
    let status: Int32
    do {
      let result = try await Subprocess.run(
        .name(program), arguments: Arguments(arguments), environment: environment,
        input: .fileDescriptor(streams[0].descriptor, closeAfterSpawningProcess: false),
        output: .fileDescriptor(streams[1].descriptor, closeAfterSpawningProcess: false),
        error: .fileDescriptor(streams[2].descriptor, closeAfterSpawningProcess: false))
      switch result.terminationStatus {
      case .exited(let code): status = code
      case .signaled(let signal): status = 128 + signal
      }
    } catch is CancellationError {
      throw CloudError(.interrupted, operation: "run `\(program)`", cause: "interrupted")
    } catch {
      throw CloudError(.failed, operation: "run `\(program)`", cause: "\(error)")
    }
    return try await offload { () throws(CloudError) in
      Output(status: status, text: try streams[1].text(), error: try streams[2].text())
    }
  }

  /// Runs a bash script with errexit, given on standard input; throws with what it said where it fails.
  @discardableResult
  func script(_ operation: String, _ text: String) async throws(CloudError) -> String {
    let output = try await run("bash", ["-eu", "-s"], input: text)
    guard output.status == 0 else {
      let said = output.error.isEmpty ? output.text : output.error
      throw CloudError(
        .failed, operation: operation, cause: "exit status \(output.status)\(said.isEmpty ? "" : ": ")\(said.trimmed)")
    }
    return output.text
  }

  /// Runs a program that goes on when this one ends: in a session of its own, with no output here.
  func launch(_ operation: String, _ command: [String]) async throws(CloudError) {
    let output = try await run("setsid", ["--fork"] + command)
    guard output.status == 0 else {
      throw CloudError(.failed, operation: operation, cause: "exit status \(output.status): \(output.error.trimmed)")
    }
  }
}

extension String {
  /// Quoted for a shell: one word, whatever is in it.
  var shellWord: String {
    "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// Without white space at either end.
  var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else {
      return ""
    }
    return String(self[first...last])
  }
}

import Foundation
import Support
import Testing

/// A program that was started, with what it says going to files, so that it never waits for a reader.
final class RunningProgram: Sendable {
  private let process: ChildProcess
  private let output: URL
  private let error: URL

  /// How it ended, and what it said.
  struct End: Sendable, CustomStringConvertible {
    /// The exit status; 128 and the number of the signal for one that was killed.
    var status: Int32
    var output: String
    var error: String

    /// What it said of its run, a line each.
    var lines: [String] { error.split(separator: "\n").map(String.init) }

    /// What comes after `TARGET: ` in the lines of one target.
    func said(by target: String) -> [String] {
      lines.filter { $0.hasPrefix("\(target): ") }.map { String($0.dropFirst(target.count + 2)) }
    }

    /// The targets that a run or a plan speaks of.
    var targets: Set<String> {
      let names = (error + output).split(separator: "\n").compactMap { line -> Substring? in
        guard let end = line.firstIndex(of: ":"), !line.hasPrefix(" ") else { return nil }
        return line[..<end]
      }
      return Set(names.map(String.init)).subtracting(["stackmake"])
    }

    var description: String { "status \(status)\n\(output)\n\(error)" }
  }

  init(_ executable: String, _ arguments: [String], in directory: String, environment: [String: String]) throws {
    let base = FileManager.default.temporaryDirectory.appending(path: "stackmake-said-\(UUID().uuidString)")
    output = base.appendingPathExtension("out")
    error = base.appendingPathExtension("err")
    process = try ChildProcess(
      [executable] + arguments, in: directory, environment: environment, output: .file(output.path),
      error: .file(error.path))
  }

  deinit {
    for file in [output, error] { try? FileManager.default.removeItem(at: file) }
  }

  var pid: Int32 { process.pid }

  var isRunning: Bool { process.status == nil }

  /// What it has said of its run until now.
  var errorSoFar: String { (try? String(contentsOf: error, encoding: .utf8)) ?? "" }
  var outputSoFar: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

  func kill() { process.signal(SIGKILL) }

  /// Its end; one that takes longer than `limit` is killed, and the test fails.
  func wait(_ limit: Duration = .seconds(240)) async throws -> End {
    let hasEnded = await isSo(within: limit) { !isRunning }
    if !hasEnded { kill() }
    let status = await process.wait()
    let end = End(
      status: status < 0 ? 128 - status : status, output: try String(contentsOf: output, encoding: .utf8),
      error: try String(contentsOf: error, encoding: .utf8))
    try #require(hasEnded, "it took longer than \(limit): \(end)")
    return end
  }
}

/// Looks again and again until it is so, or the time is up.
func isSo(within limit: Duration = .seconds(30), _ condition: () async -> Bool) async -> Bool {
  let end = ContinuousClock.now + limit
  while !(await condition()) {
    if ContinuousClock.now > end { return false }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return true
}

import Foundation
import Support
import SystemPackage
import Testing

/// The real program in a directory of a test's own.
final class Program: Sendable {
  struct Outcome: Sendable {
    let status: Int32
    let output: String
    let errors: String
  }

  private let scratch: ScratchDirectory
  /// Outputs of runs are kept apart from what the program works in.
  private let outputs: ScratchDirectory

  init(_ stackfile: String, files: [String: String] = [:]) throws {
    scratch = try ScratchDirectory()
    outputs = try ScratchDirectory()
    try write("Stackfile", stackfile)
    for (path, text) in files { try write(path, text) }
  }

  var path: String { scratch.path.string }

  func write(_ name: String, _ text: String) throws {
    let file = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func makeExecutable(_ name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
  }

  /// nil where there is no such file.
  func read(_ name: String) -> String? {
    (try? Data(contentsOf: URL(filePath: "\(path)/\(name)"))).map { String(decoding: $0, as: UTF8.self) }
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  /// A run that goes on.
  final class Running: Sendable {
    private let process: ChildProcess
    /// Where its streams go, without a terminal.
    let outputFile: String
    let errorFile: String
    let outcome: Task<Outcome, any Error>

    init(_ process: ChildProcess, files name: String, outcome: Task<Outcome, any Error>) {
      self.process = process
      (outputFile, errorFile) = (name + ".out", name + ".err")
      self.outcome = outcome
    }

    var pid: Int32 { process.pid }

    func signal(_ number: Int32) { process.signal(number) }
  }

  /// - Parameter terminal: what it reads from and writes to; nil: nothing, and files.
  func start(
    _ words: [String], environment: [String: String] = [:], terminal: FileHandle? = nil
  ) throws -> Running {
    let name = "\(outputs.path.string)/\(UUID().uuidString)"
    for suffix in [".out", ".err"] { _ = FileManager.default.createFile(atPath: name + suffix, contents: nil) }
    let shown = terminal.map { ChildProcess.Stream.descriptor($0.fileDescriptor) }
    let process = try ChildProcess(
      [Self.executable().path] + words, in: path,
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": path].merging(environment) { $1 },
      input: shown ?? .nothing, output: shown ?? .file(name + ".out"), error: shown ?? .file(name + ".err"))
    return Running(
      process, files: name,
      outcome: Task {
        let status = await process.wait()
        func text(_ suffix: String) throws -> String {
          String(decoding: try Data(contentsOf: URL(filePath: name + suffix)), as: UTF8.self)
        }
        return Outcome(status: status, output: Self.settled(try text(".out")), errors: Self.settled(try text(".err")))
      })
  }

  /// Runs the program to its end. A status below 0 is the signal that killed it.
  @discardableResult
  func run(_ words: String..., environment: [String: String] = [:]) async throws -> Outcome {
    try await start(words, environment: environment).outcome.value
  }

  /// Times, digests and process ids differ from run to run.
  static func settled(_ text: String) -> String {
    text.replacing(/\d+\.\d s\b/, with: "T s").replacing(/built \d+ (s|min) ago/, with: "built T ago")
      // Not the end of a UUID, which can look like one.
      .replacing(/(^|[^-0-9A-Za-z])[0-9a-f]{12}\b/, with: { "\($0.1)DIGEST" }).replacing(
        /process \d+/, with: "process PID")
  }

  /// Beside the bundle of the tests, where the package's products are.
  private static func executable() throws -> URL {
    var directory = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    let bundle = CommandLine.arguments.compactMap { $0.hasSuffix(".xctest") ? URL(filePath: $0) : nil }.first
    if let bundle { directory = bundle }
    let program = directory.deletingLastPathComponent().appending(path: "stackmake")
    try #require(FileManager.default.isExecutableFile(atPath: program.path))
    return program
  }

  /// Every byte that the program left below the directory.
  func everything() -> Data {
    var all = Data()
    for case let name as String in FileManager.default.enumerator(atPath: "\(path)/.stackmake")
      ?? FileManager.DirectoryEnumerator()
    {
      if let data = try? Data(contentsOf: URL(filePath: "\(path)/.stackmake/\(name)")) { all.append(data) }
    }
    return all
  }

  /// Waits until `condition` holds, for twenty seconds at most; says whether it does.
  static func wait(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<1000 {
      if condition() { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return condition()
  }
}

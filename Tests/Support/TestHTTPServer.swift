import FoundationEssentials
import Glibc
import SystemPackage

/// The server of Tests/Fixtures/http-server, which answers by path and notes what it sees.
package final class TestHTTPServer: Sendable {
  package struct Failure: Error {
    package var text: String
  }

  package let port: Int
  private let scheme: String
  private let directory: ScratchDirectory
  private let process: ChildProcess
  /// The server ends when this is closed, and so with the tests, however they end.
  private let lifeline: FileDescriptor

  /// `hasTLS`: with certificates that it makes; `wantsCertificate`: and one of each client; `isHTTP2`: nghttpd, which
  /// has only `/file`.
  package static func start(
    hasTLS: Bool = false, wantsCertificate: Bool = false, isHTTP2: Bool = false, besides file: String = #filePath
  ) async throws -> TestHTTPServer {
    let tests = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let directory = try ScratchDirectory()
    var words = ["/usr/bin/python3", "\(tests)/Fixtures/http-server"]
    if hasTLS { words += ["--tls", directory.path.string] }
    if wantsCertificate { words.append("--client-certificate") }
    if isHTTP2 { words.append("--http2") }
    // Not inherited by the other programs that are started at the same time: they would keep the server alive.
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw Failure(text: "no pair of sockets: \(String(cString: strerror(errno)))")
    }
    let lifeline = FileDescriptor(rawValue: ends[1])
    let input = FileDescriptor(rawValue: ends[0])
    let output = try FileDescriptor.open(
      directory.path.appending("log"), .writeOnly, options: [.create, .append, .closeOnExec],
      permissions: .ownerReadWrite)
    let process = try ChildProcess(
      words, input: .descriptor(input.rawValue), output: .descriptor(output.rawValue), error: .inheritedError)
    try input.close()
    try output.close()
    for _ in 0..<6000 {
      if let first = lines(in: directory).first, first.hasPrefix("port "), let port = Int(first.dropFirst(5)) {
        return TestHTTPServer(
          port: port, scheme: hasTLS ? "https" : "http", directory: directory, process: process, lifeline: lifeline)
      }
      if process.status != nil { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    try lifeline.close()
    throw Failure(text: "\(words.joined(separator: " ")) doesn't start")
  }

  private init(port: Int, scheme: String, directory: ScratchDirectory, process: ChildProcess, lifeline: FileDescriptor)
  {
    self.port = port
    self.scheme = scheme
    self.directory = directory
    self.process = process
    self.lifeline = lifeline
  }

  deinit {
    try? lifeline.close()
    for _ in 0..<500 {
      if process.status != nil { return }
      usleep(10_000)
    }
    process.stop()
  }

  package func url(_ path: String) -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }

  /// A file that it made: `ca.pem`, `other-ca.pem`, `client.pem`, `client.key`.
  package func file(_ name: String) -> String { directory.path.appending(name).string }

  /// How often it said this: `accept`, `request GET /echo`.
  package func count(_ line: String) -> Int { Self.lines(in: directory).count { $0 == line } }

  private static func lines(in directory: ScratchDirectory) -> [Substring] {
    guard let data = FileManager.default.contents(atPath: directory.path.appending("log").string) else { return [] }
    // A line that is half written isn't there yet.
    return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
  }
}

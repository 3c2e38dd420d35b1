import Foundation
import Testing

/// The OpenStack of Tests/Cloud that `STACKMAKE_TEST_CLOUD` names as CLOUDS_YAML:CLOUD.
struct RealCloud: Sendable {
  let clouds: String
  let name: String

  /// Nil: there is none.
  static let current: RealCloud? = {
    guard let text = ProcessInfo.processInfo.environment["STACKMAKE_TEST_CLOUD"], let colon = text.lastIndex(of: ":")
    else { return nil }
    return RealCloud(clouds: String(text[..<colon]), name: String(text[text.index(after: colon)...]))
  }()

  /// What Tests/Cloud/cloud takes as `--dir`: its clouds.yaml lies in it.
  var directory: String { URL(filePath: clouds).deletingLastPathComponent().path }
  /// Where its machines are on this host.
  var machines: String { "\(directory)/machines" }

  /// A program of Tests/Cloud.
  static func program(_ name: String) -> String {
    TestCluster.repository.appending(path: "Tests/Cloud/\(name)").path
  }

  /// What Tests/Cloud/ask answers, by other code than what is tested. `cloud`: as this cloud of the file.
  func answer(_ words: [String], as cloud: String? = nil) async throws -> String {
    try await Self.run([Self.program("ask"), clouds, cloud ?? name] + words)
  }

  /// The same, a line each.
  @discardableResult
  func ask(_ words: String..., as cloud: String? = nil) async throws -> [String] {
    try await answer(words, as: cloud).split(separator: "\n").map(String.init)
  }

  /// The same as a line for a shell.
  func words(_ words: String..., as cloud: String? = nil) -> String {
    ([Self.program("ask"), clouds, cloud ?? name] + words).joined(separator: " ")
  }

  /// The command that does something to the cloud: `stop neutron`.
  func control(_ words: String...) -> [String] { [Self.program("cloud")] + words + ["--dir", directory] }

  func stop(_ service: String) async throws { try await Self.run(control("stop", service)) }
  func start(_ service: String) async throws { try await Self.run(control("start", service)) }

  @discardableResult
  static func run(_ command: [String]) async throws -> String {
    let end = try await RunningProgram(
      "/usr/bin/env", command, in: "/", environment: ProcessInfo.processInfo.environment
    ).wait(.seconds(300))
    try #require(end.status == 0, "\(command): \(end)")
    return end.output
  }

  /// With a service stopped; it runs again afterwards, whatever happens.
  func without<R>(_ service: String, _ body: () async throws -> R) async throws -> R {
    try await stop(service)
    let result: Result<R, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    try await start(service)
    return try result.get()
  }
}

import Foundation
import Testing

/// The OpenStack that STACKMAKE_TEST_CLOUD names as CLOUDS_YAML:CLOUD, and Tests/Cloud has started in the directory
/// STACKMAKE_TEST_CLOUD_DIR.
struct RealCloud: Sendable {
  let clouds: String
  let name: String
  /// Nil where its services can't be stopped from here.
  let directory: String?

  static let current: RealCloud? = {
    let environment = ProcessInfo.processInfo.environment
    let parts = (environment["STACKMAKE_TEST_CLOUD"] ?? "").split(separator: ":").map(String.init)
    guard parts.count == 2 else { return nil }
    return RealCloud(clouds: parts[0], name: parts[1], directory: environment["STACKMAKE_TEST_CLOUD_DIR"])
  }()

  /// One whose services can be stopped.
  static var isOurs: Bool { current?.directory != nil }

  private static let programs =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/") + "/Cloud"

  /// What Tests/Cloud/ask answers, a line each: by other code than what is tested.
  @discardableResult
  func ask(_ words: String..., as cloud: String? = nil) async throws -> [String] {
    let end = try await RunningProgram(
      "\(Self.programs)/ask", [clouds, cloud ?? name] + words, in: "/", environment: ProcessInfo.processInfo.environment
    ).wait(.seconds(180))
    try #require(end.status == 0, "ask \(words): \(end)")
    return end.output.split(separator: "\n").map(String.init)
  }

  /// The same as a line for a shell.
  func words(_ words: String..., as cloud: String? = nil) -> String {
    (["\(Self.programs)/ask", clouds, cloud ?? name] + words).joined(separator: " ")
  }

  /// The command that does something to the cloud: `stop neutron`.
  func control(_ words: String...) throws -> [String] {
    let directory = try #require(directory)
    return ["\(Self.programs)/cloud"] + words + ["--dir", directory]
  }

  func stop(_ service: String) async throws { try await run(try control("stop", service)) }
  func start(_ service: String) async throws { try await run(try control("start", service)) }

  func run(_ command: [String]) async throws {
    let end = try await RunningProgram(
      "/usr/bin/env", command, in: "/", environment: ProcessInfo.processInfo.environment
    ).wait(.seconds(300))
    try #require(end.status == 0, "\(command): \(end)")
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

/// One at a time: they stop services that all of them use.
@Suite(
  .serialized, .enabled(if: RealCloud.current != nil, "STACKMAKE_TEST_CLOUD names no cloud"), .timeLimit(.minutes(20)))
enum OpenStackTests {}

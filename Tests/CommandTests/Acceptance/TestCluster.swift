import Foundation
import Testing

/// A Stackfile in a directory of its own, and the cloud that its servers are made in.
final class TestCluster: Sendable {
  /// That of the suite that runs.
  @TaskLocal static var current: TestCluster?

  let directory: String
  let cloud: any TestCloud

  /// On the cloud that the tests are run on, or on the one that is given.
  init(on cloud: ((String) -> any TestCloud)? = nil) throws {
    let name = UUID().uuidString.prefix(8).lowercased()
    directory = FileManager.default.temporaryDirectory.appending(path: "sm-\(name)").path
    self.cloud =
      cloud?(name)
      ?? RealCloud.current.map { OpenStackTestCloud($0, cluster: "sm-\(name)") } ?? LocalTestCloud(name)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  /// Makes the base image where there is none, which takes longer than any test may.
  static func prepareImage() async throws {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: LocalTestCloud.images)) ?? []
    guard !files.contains(where: { $0.hasPrefix("debian-12") && $0.hasSuffix(".json") }) else { return }
    let cluster = try TestCluster { LocalTestCloud($0) }
    do {
      try cluster.write("Stackfile", "\(cluster.cloud.settings)\n\nlayout:\n    first\n")
      let end = try await cluster.start("server/first").wait(.seconds(1200))
      try #require(end.status == 0, "the base image could not be made: \(end)")
    } catch {
      await cluster.takeDown()
      throw error
    }
    await cluster.takeDown()
  }

  /// The program that is tested, beside the tests.
  static let program =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    .map { URL(filePath: $0).deletingLastPathComponent().appending(path: "stackmake").path } ?? "stackmake"

  /// The directory that these sources are in.
  static let repository = (0..<4).reduce(URL(filePath: #filePath)) { path, _ in path.deletingLastPathComponent() }

  var environment: [String: String] {
    var values = cloud.environment
    values["SSH_AUTH_SOCK"] = nil
    return values
  }

  func write(_ file: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: directory).appending(path: file))
  }

  func start(_ arguments: String...) throws -> RunningProgram { try start(arguments) }

  func start(_ arguments: [String]) throws -> RunningProgram {
    try RunningProgram(Self.program, arguments, in: directory, environment: environment)
  }

  /// Runs it to its end.
  func stackmake(_ arguments: String...) async throws -> RunningProgram.End { try await stackmake(arguments) }

  func stackmake(_ arguments: [String]) async throws -> RunningProgram.End {
    try await start(arguments).wait()
  }

  /// Runs a command on one of its servers.
  func on(_ server: String, _ command: String) async throws -> RunningProgram.End {
    try await stackmake("ssh", server, "--", command)
  }

  /// A program of this host, and what it said.
  @discardableResult
  static func host(_ words: String...) async throws -> RunningProgram.End { try await host(words) }

  static func host(_ words: [String]) async throws -> RunningProgram.End {
    try await RunningProgram(
      "/usr/bin/env", words, in: "/", environment: ProcessInfo.processInfo.environment
    ).wait()
  }

  /// Machines by the server that they are.
  var machines: [String: TestMachine] {
    get async throws { Dictionary(try await cloud.machines().map { ($0.server, $0) }) { a, _ in a } }
  }

  func machine(_ server: String) async throws -> TestMachine { try #require(try await machines[server]) }

  /// Every file of the state directory with its contents.
  func state() throws -> [String: Data] {
    let state = "\(directory)/.stackmake"
    var files: [String: Data] = [:]
    for file in try FileManager.default.subpathsOfDirectory(atPath: state) {
      files[file] = FileManager.default.contents(atPath: "\(state)/\(file)") ?? Data()
    }
    return files
  }

  /// Removes all that was made here, whatever state it is in.
  func takeDown() async {
    do {
      try await cloud.takeDown(state: "\(directory)/.stackmake")
    } catch {
      Issue.record("what was made for \(directory) could not be removed: \(error)")
    }
    try? FileManager.default.removeItem(atPath: directory)
  }
}

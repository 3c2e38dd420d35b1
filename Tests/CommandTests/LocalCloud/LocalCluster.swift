import Foundation
import SystemPackage
import Targets
import Testing

/// A Stackfile in a directory of its own, whose machines are made in a root of its own on this host.
final class LocalCluster: Sendable {
  /// That of the suite that runs.
  @TaskLocal static var current: LocalCluster?

  let directory: String
  let root: String
  private let cloud: LocalCloud

  init() throws {
    let name = UUID().uuidString.prefix(8).lowercased()
    directory = FileManager.default.temporaryDirectory.appending(path: "sm-\(name)").path
    // Not in the directory for temporary files: that may be in memory, or an overlay itself.
    root = "/var/tmp/stackmake-test-\(name)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let environment = ProcessInfo.processInfo.environment
    cloud = LocalCloud(
      LocalSettings(
        root: FilePath(root), imageCache: FilePath(Self.images), environment: environment, userID: geteuid(),
        now: { Date().timeIntervalSince1970 }))
  }

  /// Base images are shared with all others: making one takes minutes.
  static let images = ProcessInfo.processInfo.environment["STACKMAKE_LOCAL_IMAGES"] ?? "/var/lib/stackmake/images"

  /// Makes the base image where there is none, which takes longer than any test may.
  static func prepareImage() async throws {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: images)) ?? []
    guard !files.contains(where: { $0.hasPrefix("debian-12") && $0.hasSuffix(".json") }) else { return }
    let cluster = try LocalCluster()
    do {
      try cluster.write("Stackfile", "cloud = local\n\nlayout:\n    first  flavor=m1.tiny\n")
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

  var environment: [String: String] {
    var values = ProcessInfo.processInfo.environment
    values["STACKMAKE_LOCAL_ROOT"] = root
    values["STACKMAKE_LOCAL_IMAGES"] = Self.images
    values["SSH_AUTH_SOCK"] = nil
    return values
  }

  func write(_ file: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: directory).appending(path: file))
  }

  func start(_ arguments: String...) throws -> RunningProgram {
    try RunningProgram(Self.program, arguments, in: directory, environment: environment)
  }

  /// Runs it to its end.
  func stackmake(_ arguments: String...) async throws -> RunningProgram.End {
    try await RunningProgram(Self.program, arguments, in: directory, environment: environment).wait()
  }

  /// A program of this host, and what it said.
  @discardableResult
  static func host(_ program: String, _ arguments: String...) async throws -> RunningProgram.End {
    try await RunningProgram(
      "/usr/bin/env", [program] + arguments, in: "/", environment: ProcessInfo.processInfo.environment
    ).wait()
  }

  /// Machines by the server that they are.
  var machines: [String: LocalMachine] {
    let directories = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/machines")) ?? []
    let machines = directories.compactMap { LocalMachine("\(root)/machines/\($0)") }
    return Dictionary(machines.map { ($0.server, $0) }) { a, _ in a }
  }

  func machine(_ server: String) throws -> LocalMachine { try #require(machines[server]) }

  /// What tells this root's bridge, tables and groups from those of others.
  func mark() throws -> String {
    struct Network: Decodable { var bridge: String }
    let data = try Data(contentsOf: URL(filePath: "\(root)/network.json"))
    return String(try JSONDecoder().decode(Network.self, from: data).bridge.dropFirst("smbr".count))
  }

  /// Every file of the state directory with its contents.
  func state() throws -> [String: Data] {
    let state = "\(directory)/.stackmake"
    var files: [String: Data] = [:]
    for file in try FileManager.default.subpathsOfDirectory(atPath: state) {
      files[file] = FileManager.default.contents(atPath: "\(state)/\(file)") ?? Data()
    }
    return files
  }

  /// Deletes a machine as somebody else would: the record knows nothing of it.
  func deleteBehindItsBack(_ server: String) async throws { try await cloud.delete(machine(server).id, wait: true) }

  /// Removes all that was made here, whatever state it is in.
  func takeDown() async {
    for machine in machines.values {
      do {
        try await cloud.delete(machine.id, wait: true)
      } catch {
        Issue.record("machine \(machine.id) in \(root) could not be deleted: \(error)")
      }
    }
    for path in [directory, root] { try? FileManager.default.removeItem(atPath: path) }
  }
}

/// A machine as its record and its disk on this host show it: looking at it runs nothing on it.
struct LocalMachine: Sendable, Hashable {
  let directory: String
  let id: String
  let server: String
  let generation: Int
  let address: String

  init?(_ directory: String) {
    struct Record: Decodable {
      var id: String
      var server: String
      var generation: Int
      var address: String
    }
    guard let data = FileManager.default.contents(atPath: "\(directory)/machine.json"),
      let record = try? JSONDecoder().decode(Record.self, from: data)
    else { return nil }
    self.directory = directory
    id = record.id
    server = record.server
    generation = record.generation
    address = record.address
  }

  /// The host's end of its cable.
  var link: String { "smv\(id)" }

  /// A file in its user's home; "" where there is none.
  func home(_ file: String) -> String {
    FileManager.default.contents(atPath: "\(directory)/gen-\(generation)/upper/home/stack/\(file)")
      .map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The process that runs it, and since when.
  var supervisor: String {
    FileManager.default.contents(atPath: "\(directory)/gen-\(generation)/supervisor")
      .map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Its processes of this name, as this host numbers them.
  func processes(_ isOne: (String) -> Bool) -> [Int32] {
    HostProcess.all.filter { $0.groups.contains("-\(id)-g\(generation)") && isOne($0.command) }.map(\.pid)
  }
}

/// A process of this host, in whatever namespace.
struct HostProcess: Sendable {
  var pid: Int32
  var command: String
  var groups: String
  var mounts: String

  static var all: [HostProcess] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.map { pid in
      HostProcess(
        pid: pid, command: text(pid, "cmdline").replacing("\0", with: " "), groups: text(pid, "cgroup"),
        mounts: text(pid, "mountinfo"))
    }
  }

  private static func text(_ pid: Int32, _ file: String) -> String {
    FileManager.default.contents(atPath: "/proc/\(pid)/\(file)").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

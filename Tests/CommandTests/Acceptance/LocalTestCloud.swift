import Foundation
import SystemPackage
import Targets
import Testing

/// `cloud = local`, with a root of its own on this host.
final class LocalTestCloud: TestCloud {
  let root: String
  private let cloud: LocalCloud

  init(_ name: String) {
    // Not in the directory for temporary files: that may be in memory, or an overlay itself.
    root = "/var/tmp/stackmake-test-\(name)"
    let environment = ProcessInfo.processInfo.environment
    cloud = LocalCloud(
      LocalSettings(
        root: FilePath(root), imageCache: FilePath(Self.images), environment: environment, userID: geteuid(),
        now: { Date().timeIntervalSince1970 }))
  }

  /// Base images are shared with all others: making one takes minutes.
  static let images = ProcessInfo.processInfo.environment["STACKMAKE_LOCAL_IMAGES"] ?? "/var/lib/stackmake/images"

  let settings = "cloud = local\nflavor = m1.tiny"

  var environment: [String: String] {
    var values = ProcessInfo.processInfo.environment
    values["STACKMAKE_LOCAL_ROOT"] = root
    values["STACKMAKE_LOCAL_IMAGES"] = Self.images
    return values
  }

  func machines() async throws -> [TestMachine] {
    HostMachine.all(in: root).map {
      TestMachine(
        id: $0.record.id, server: $0.record.server, generation: $0.record.generation, address: $0.record.address,
        machine: $0)
    }
  }

  func delete(_ machine: TestMachine) async throws { try await cloud.delete(machine.id, wait: true) }

  func traces() async throws -> @Sendable () async throws -> [String] {
    guard FileManager.default.fileExists(atPath: root) else {
      return { [root] in FileManager.default.fileExists(atPath: root) ? ["directory \(root)"] : [] }
    }
    struct Network: Decodable { var bridge: String }
    let data = try Data(contentsOf: URL(filePath: "\(root)/network.json"))
    let bridge = try JSONDecoder().decode(Network.self, from: data).bridge
    // Tells this root's bridge, tables and groups from those of others.
    let mark = bridge.dropFirst("smbr".count)
    let names = [bridge] + HostMachine.all(in: root).map(\.link)
    return { [root] in
      var left = ["machines", "trash"].flatMap { directory in
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(directory)")) ?? []).map {
          "\(directory)/\($0)"
        }
      }
      // One that has ended, and waits for its parent to notice, has no command.
      for process in HostProcess.all where !process.command.isEmpty {
        if process.groups.contains(mark) || process.command.contains(root) { left.append("process \(process.command)") }
        if process.mounts.contains(root) { left.append("a mount, of process \(process.command)") }
      }
      let links = try await TestCluster.host("ip", "-br", "link").output
      left += names.filter { links.contains($0) }.map { "link \($0)" }
      for look in [["nft", "list", "tables"], ["ip", "netns"]] {
        let lines = try await TestCluster.host(look).output.split(separator: "\n")
        left += lines.filter { $0.contains(mark) }.map { "\(look[0]) \($0)" }
      }
      let groups = try await TestCluster.host("find", "/sys/fs/cgroup", "-name", "stackmake-\(mark)-*").output
      return left + groups.split(separator: "\n").map { "group \($0)" }
    }
  }

  func takeDown(state: String) async throws {
    for machine in try await machines() {
      do {
        try await cloud.delete(machine.id, wait: true)
      } catch {
        Issue.record("machine \(machine.id) in \(root) could not be deleted: \(error)")
      }
    }
    try? FileManager.default.removeItem(atPath: root)
  }
}

import Foundation
import Testing

/// A project of the real OpenStack in Tests/Cloud. `Tests/Cloud/look` asks nova and neutron themselves.
final class OpenStackTestCloud: TestCloud {
  /// Where it is, as `STACKMAKE_ACCEPTANCE_CLOUD` says it: PATH OF CLOUDS.YAML:NAME.
  struct Site: Sendable {
    let file: String
    let name: String

    init?(_ text: String?) {
      guard let text, let colon = text.lastIndex(of: ":") else { return nil }
      file = String(text[..<colon])
      name = String(text[text.index(after: colon)...])
    }

    /// That of its machines on this host.
    var root: String { URL(filePath: file).deletingLastPathComponent().appending(path: "machines").path }
  }

  /// Nil: the tests run on the local cloud.
  static let site = Site(ProcessInfo.processInfo.environment["STACKMAKE_ACCEPTANCE_CLOUD"])

  let site: Site
  /// Stackmake's name for the cluster, which begins the names of its servers.
  private let cluster: String

  init(_ site: Site, cluster: String) {
    self.site = site
    self.cluster = cluster
  }

  var settings: String { "cloud = \(site.name)\nimage = debian-12\nflavor = m1.tiny\nnetwork = private" }

  var environment: [String: String] {
    // No other cloud, and no HTTP proxy between stackmake and ours.
    var values = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("OS_") && !$0.key.lowercased().hasSuffix("_proxy")
    }
    values["OS_CLIENT_CONFIG_FILE"] = site.file
    return values
  }

  func machines() async throws -> [TestMachine] {
    struct Server: Decodable {
      var id: String
      var server: String
      var generation: Int
      var address: String
    }
    let servers = try JSONDecoder().decode([Server].self, from: Data(try await look("servers", cluster).utf8))
    let machines = Dictionary(HostMachine.all(in: site.root).map { ($0.record.server, $0) }) { a, _ in a }
    return servers.map {
      TestMachine(
        id: $0.id, server: $0.server, generation: $0.generation, address: $0.address, machine: machines[$0.id])
    }
  }

  func delete(_ machine: TestMachine) async throws { try await look("delete", machine.id) }

  func traces() async throws -> @Sendable () async throws -> [String] {
    let mark = try await look("mark", cluster).split(separator: "\n").map(String.init)
    return { [self] in
      try await look(["left", cluster] + mark).split(separator: "\n").map(String.init)
    }
  }

  func takeDown() async throws { try await look("clear", cluster) }

  /// What `Tests/Cloud/look` says.
  @discardableResult
  func look(_ words: String...) async throws -> String { try await look(words) }

  private func look(_ words: [String]) async throws -> String {
    let program = TestCluster.repository.appending(path: "Tests/Cloud/look").path
    let end = try await TestCluster.host([program, words[0], site.file, site.name] + words.dropFirst())
    try #require(end.status == 0, "\(words.joined(separator: " ")): \(end)")
    return end.output
  }
}

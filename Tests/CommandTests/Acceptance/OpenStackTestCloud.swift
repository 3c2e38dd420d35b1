import Foundation
import Testing

/// A project of the real OpenStack in Tests/Cloud, whose services are asked themselves for what there is.
final class OpenStackTestCloud: TestCloud {
  let site: RealCloud
  /// Stackmake's name for the cluster, which begins the names of its servers.
  private let cluster: String

  init(_ site: RealCloud, cluster: String) {
    self.site = site
    self.cluster = cluster
  }

  var settings: String { "cloud = \(site.name)\nimage = debian-12\nflavor = m1.tiny\nnetwork = private" }

  var environment: [String: String] {
    // No other cloud, and no HTTP proxy between stackmake and ours.
    var values = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("OS_") && !$0.key.lowercased().hasSuffix("_proxy")
    }
    values["OS_CLIENT_CONFIG_FILE"] = site.clouds
    return values
  }

  func machines() async throws -> [TestMachine] {
    struct Server: Decodable {
      var id: String
      var server: String
      var generation: Int
      var address: String
    }
    let servers = try JSONDecoder().decode([Server].self, from: Data(try await site.answer(["servers", cluster]).utf8))
    let machines = Dictionary(HostMachine.all(in: site.machines).map { ($0.record.server, $0) }) { a, _ in a }
    return servers.map {
      TestMachine(
        id: $0.id, server: $0.server, generation: $0.generation, address: $0.address, machine: machines[$0.id])
    }
  }

  func delete(_ machine: TestMachine) async throws { try await site.ask("delete-server", machine.id) }

  func traces() async throws -> @Sendable () async throws -> [String] {
    let words = ["left", "\(cluster)-"] + (try await site.ask("mark", cluster))
    return { [site] in try await site.answer(words).split(separator: "\n").map(String.init) }
  }

  func takeDown(state: String) async throws { try await site.ask("clear", cluster, state) }
}

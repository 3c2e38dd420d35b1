import Foundation
import Testing

extension AcceptanceTests {
  /// How much is asked of the cloud: counted on the way to it.
  @Suite(
    .serialized, .onCluster, .enabled(if: RealCloud.current != nil, "the local cloud has no requests"),
    .timeLimit(.minutes(8)))
  struct RequestTests {
    static let servers = 10
    /// Polling is to look at what the cluster has: lists of all its servers, ports and security groups, and the consoles
    /// that are read until they show host keys.
    static let lists = ["GET /v2.1/servers/detail", "GET /v2.0/ports", "GET /v2.0/security-groups"]
    static let polling = lists + ["os-getConsoleOutput"]

    @Test func tenServersAtOnce() async throws {
      let cluster = try #require(TestCluster.current)
      let cloud = try #require(cluster.cloud as? OpenStackTestCloud)
      let proxy = try await FaultProxy(cloud)
      try cluster.write("clouds.yaml", try await proxy.configuration(cloud))
      try cluster.write(
        "Stackfile", "\(cloud.settings)\n\nlayout:\n    node  count=\(Self.servers)\n")
      func run() async throws -> RunningProgram.End {
        let through = ["OS_CLIENT_CONFIG_FILE": "\(cluster.directory)/clouds.yaml"]
        return try await RunningProgram(
          TestCluster.program, ["-j", String(Self.servers)], in: cluster.directory,
          environment: cluster.environment.merging(through) { $1 }
        ).wait()
      }

      let start = ContinuousClock.now
      let first = try await run()
      let elapsed = ContinuousClock.now - start
      try #require(first.status == 0, "\(first)")
      #expect(try await cluster.machines.count == Self.servers)
      let made = try await proxy.counts()
      say("\(Self.servers) servers in \(elapsed)", made)
      #expect(Self.others(made) <= 3 * Self.servers)
      // Nothing is read once a server, and nobody is looked at alone. Servers are listed by time: four times a second at most.
      for (route, count) in made where route.contains(" GET ") {
        let ticks = Int(elapsed.components.seconds + 1) * 4
        #expect(count <= (route.hasSuffix("/servers/detail") ? ticks : 2), "\(route)")
      }

      // One read a server, once it answers; of those in vain at most one a second, however many wait.
      let consoles = made.first { $0.key.hasSuffix("os-getConsoleOutput") }?.value ?? 0
      #expect(consoles <= Self.servers + Int(elapsed.components.seconds))

      let second = try await run()
      #expect(second.status == 0)
      #expect(second.lines == ["stackmake: \(Self.servers + 2) targets are up to date"], "\(second)")
      let looked = try await proxy.counts()
      say("nothing to do", looked)
      #expect(looked.values.reduce(0, +) <= Self.servers)
    }

    private static func isPolling(_ route: String) -> Bool { polling.contains { route.hasSuffix($0) } }

    private static func others(_ counts: FaultProxy.Counts) -> Int {
      counts.filter { !isPolling($0.key) }.values.reduce(0, +)
    }

    private func say(_ what: String, _ counts: FaultProxy.Counts) {
      let all = counts.values.reduce(0, +)
      print("\(what): \(all) requests, \(Self.others(counts)) of them besides polling")
      for (route, count) in counts.sorted(by: { $0.key < $1.key }) { print("  \(count)  \(route)") }
    }
  }
}

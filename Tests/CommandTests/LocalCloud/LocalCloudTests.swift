import Foundation
import Testing

/// The real program makes real machines on this host, and takes them down again.
@Suite(.serialized, .enabled(if: Host.canMakeMachines, "needs root and the programs of the local cloud"))
enum LocalCloudTests {}

enum Host {
  static let canMakeMachines: Bool = {
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let places = path + ["/usr/sbin", "/sbin"]
    return geteuid() == 0
      && ["systemd-nspawn", "mmdebstrap", "ip", "nft"].allSatisfy { program in
        places.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
      }
  }()
}

/// Gives a suite one cluster, taken down when the last of its tests has ended.
struct OnCluster: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await LocalCluster.prepareImage()
    let cluster = try LocalCluster()
    let result: Result<Void, any Error>
    do {
      try await LocalCluster.$current.withValue(cluster) { try await function() }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await cluster.takeDown()
    try result.get()
  }
}

extension Trait where Self == OnCluster {
  static var onCluster: OnCluster { OnCluster() }
}

import Foundation
import Testing

/// The real program makes real machines, and takes them down again: in the local cloud, or in the OpenStack that
/// `STACKMAKE_TEST_CLOUD` names.
@Suite(.serialized, .enabled(if: Host.canMakeMachines, "needs root and the programs of the local cloud"))
enum AcceptanceTests {}

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
    try await TestCluster.prepareImage()
    let cluster = try TestCluster()
    let result: Result<Void, any Error>
    do {
      try await TestCluster.$current.withValue(cluster) { try await function() }
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

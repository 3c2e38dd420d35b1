import FoundationEssentials
import StackMake
import Support
import SystemPackage
import Targets
import Testing

/// PATH OF CLOUDS.YAML:NAME of a cloud to test with.
private let site = ProcessInfo.processInfo.environment["STACKMAKE_TEST_CLOUD"]

/// With the real services of the cloud that `STACKMAKE_TEST_CLOUD` names.
@Suite(
  .serialized, .enabled(if: site != nil, "needs a cloud: Tests/Cloud/acceptance has one"),
  .timeLimit(.minutes(8)))
struct OpenStackContractTests {
  @Test func resolvesNames() async throws {
    try await onCloud { contract in try await contract.resolvesNames() }
  }

  @Test func livesAndDies() async throws {
    try await onCloud { contract in try await contract.livesAndDies() }
  }

  @Test func makesSnapshots() async throws {
    try await onCloud { contract in try await contract.makesSnapshots() }
  }

  /// With a cluster id of its own; what the cluster made besides servers is deleted at the end.
  private func onCloud(_ body: (CloudContract) async throws -> Void) async throws {
    let words = try #require(site).split(separator: ":").map(String.init)
    let cluster = "contract-\(UUID().uuidString.prefix(8).lowercased())"
    let config = try CloudConfigReader(
      fileSystem: LocalFileSystem(directory: "/"), environment: ["OS_CLIENT_CONFIG_FILE": words[0]], directory: "/",
      home: nil
    ).read(words[1])
    let http = RetryingHTTP(
      CurlHTTP(HTTPSettings()), clock: ContinuousClock(), now: { Date().timeIntervalSince1970 }, notify: { _ in })
    let client = ServiceClient(
      config, http: http, tokens: TokenSource(config, http: http, now: { Date().timeIntervalSince1970 }))
    let cloud = OpenStackCloud(client)
    let contract = CloudContract(
      cloud, cluster: cluster, image: "debian-12", flavor: "m1.tiny", network: "private", limit: .seconds(180))
    let result: Result<Void, any Error>
    do { result = .success(try await body(contract)) } catch { result = .failure(error) }
    for machine in try await cloud.machines(ofCluster: cluster) { try await cloud.delete(machine.id, wait: true) }
    let kinds = Set(CloudResource.Kind.allCases)
    for resource in try await cloud.resources(ofCluster: cluster, kinds) { try await cloud.delete(resource) }
    #expect(try await cloud.resources(ofCluster: cluster, kinds).isEmpty)
    try result.get()
  }
}

import Support
import Targets
import Testing

@Suite struct FakeCloudTests {
  @Test func resolvesNames() async throws {
    try await CloudContract(FakeCloud(), cluster: "c1", image: "debian-12", flavor: "m1.small").resolvesNames()
  }

  @Test func livesAndDies() async throws {
    let cloud = FakeCloud()
    try await CloudContract(cloud, cluster: "c1", image: "debian-12", flavor: "m1.small").livesAndDies()
    #expect(cloud.log.contains("create c1/web-1 1"))
  }

  @Test func makesSnapshots() async throws {
    try await CloudContract(FakeCloud(), cluster: "c1", image: "debian-12", flavor: "m1.small").makesSnapshots()
  }

  @Test func aLateFaultDoesWhatWasAsked() async throws {
    let cloud = FakeCloud()
    let contract = CloudContract(cloud, cluster: "c1", image: "debian-12", flavor: "m1.small")
    let spec = try await contract.spec("web-1")
    let lost = CloudError(.failed, operation: "create server", cause: "connection reset")
    cloud.with { $0.faults = [.init("create", lost), .init("create", lost, isLate: true)] }
    await #expect(throws: lost) { _ = try await cloud.create(spec) }
    #expect(try await cloud.machines(ofCluster: "c1").isEmpty)
    await #expect(throws: lost) { _ = try await cloud.create(spec) }
    #expect(try await cloud.machines(ofCluster: "c1").count == 1)
  }
}

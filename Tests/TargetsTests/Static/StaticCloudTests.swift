import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

/// Taking over, forgetting and making fresh, in a record in memory.
@Suite struct StaticCloudTests {
  let store = InMemoryStore()

  private func cloud(_ lines: String...) throws -> StaticCloud {
    let text =
      "cloud = static\nlayout:\n" + lines.map { "    \($0) \(StaticCatalogTests.pin)\n" }.joined()
    let graph = try Graph.stackfile(text, dialect: .stack(cluster: "lab"))
    return StaticCloud(
      places: graph.places, store: store, fileSystem: InMemoryFileSystem([:]), directory: "/project", home: nil)
  }

  /// Creates the server as its boot does, and gives its generation.
  private func take(_ server: String, _ cloud: StaticCloud, last: Int) async throws -> Int {
    let generation = try await cloud.nextGeneration(server, after: last)
    let resolution = try await cloud.resolve([MachineWant(name: server, image: "", flavor: "")], missing: [])
    let spec = MachineSpec(
      tag: MachineTag(cluster: "c1", server: server, generation: generation), name: "lab-\(server)", hostname: server,
      resolved: try #require(resolution.resolved.first), userData: "", metadata: [:])
    return try await cloud.create(spec).tag.generation
  }

  private func refusal(_ server: String, _ cloud: StaticCloud) async throws -> String {
    let error = await #expect(throws: CloudError.self) { _ = try await take(server, cloud, last: 1) }
    #expect(error?.code == .locked)
    #expect(error?.hint?.contains("`stackmake clean server/\(server) --fresh`") == true)
    return error?.cause ?? ""
  }

  @Test func aMachineThatIsTakenOverAgainIsTheSame() async throws {
    let cloud = try cloud("a host=192.0.2.1 port=2222")
    #expect(try await cloud.machines(ofCluster: "c1") == [])
    #expect(try await take("a", cloud, last: 0) == 1)
    let machines = try await cloud.machines(ofCluster: "c1")
    #expect(machines.map(\.id) == ["192.0.2.1:2222"])
    #expect(machines.map(\.port) == [2222])
    #expect(machines.map(\.addresses) == [["192.0.2.1"]])
    #expect(try await cloud.hostKeys("192.0.2.1:2222") == [KnownHostsTests.a])
    try await cloud.delete("192.0.2.1:2222", wait: true)
    #expect(try await cloud.machines(ofCluster: "c1") == [])
    try await cloud.delete("192.0.2.1:2222", wait: true)
    #expect(try await take("a", cloud, last: 1) == 1)
    // Only who made it fresh makes it another one.
    try cloud.declareFresh("a")
    #expect(try await cloud.machines(ofCluster: "c1").map(\.tag.generation) == [2])
    #expect(store.registers(prefix: "generation/") == ["generation/a": "2"])
  }

  @Test func anotherMachineNeedsTheUsersWord() async throws {
    #expect(try await take("a", cloud("a host=192.0.2.1"), last: 0) == 1)
    try await cloud("a host=192.0.2.1").delete("192.0.2.1:22", wait: true)
    let moved = try cloud("a host=192.0.2.2")
    #expect(
      try await refusal("a", moved)
        == "it was 192.0.2.1:22, and is 192.0.2.2:22 now: what has run on it isn't known")
    try moved.declareFresh("a")
    #expect(try await moved.machines(ofCluster: "c1") == [])
    #expect(try await take("a", moved, last: 2) == 2)
  }

  @Test func aMachineOfAnotherNameNeedsTheUsersWord() async throws {
    #expect(try await take("a", cloud("a host=192.0.2.1"), last: 0) == 1)
    let renamed = try cloud("b host=192.0.2.1")
    #expect(
      try await refusal("b", renamed)
        == "192.0.2.1:22 was server `a` of this cluster: what has run on it isn't known")
    try await renamed.delete("192.0.2.1:22", wait: true)
    _ = try await refusal("b", renamed)
    try renamed.declareFresh("b")
    #expect(try await take("b", renamed, last: 1) == 1)
  }

  @Test func aHalfResetMachineIsNotUsed() async throws {
    let cloud = try cloud("a host=192.0.2.1")
    #expect(try await take("a", cloud, last: 0) == 1)
    try cloud.beginReset("a")
    #expect(try await cloud.machines(ofCluster: "c1").map(\.status) == [.incomplete])
    #expect(try await refusal("a", cloud) == "its reset was cut off, or failed: what has run on it isn't known")
    try await cloud.delete("192.0.2.1:22", wait: true)
    _ = try await refusal("a", cloud)
    try cloud.declareFresh("a")
    #expect(try await take("a", cloud, last: 2) == 2)
    #expect(try await cloud.machines(ofCluster: "c1").map(\.status) == [.active])
  }

  @Test func itIsReachedAsTheLayoutSays() throws {
    let graph = try Graph.stackfile(
      "cloud = static\nlayout:\n    a host=192.0.2.1 port=2222 user=me \(StaticCatalogTests.pin)\n",
      dialect: .stack(cluster: "lab"))
    let outputs = try cloud("a host=192.0.2.1 port=2222").outputs(graph.places[0])
    #expect(outputs.values["port"] == "2222")
    #expect(outputs.user == "me")
    #expect(outputs.trust == .static)
    #expect(ServerOutputs(outputs.values) == outputs)
  }
}

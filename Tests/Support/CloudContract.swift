package import Targets
import Testing

/// What every `Cloud` must do: run on the fake, and on each real one.
package struct CloudContract: Sendable {
  let cloud: any Cloud
  /// A cluster id that nobody else uses.
  let cluster: String
  let image: String
  let flavor: String
  /// Where the cloud has several.
  let network: String?
  /// Longest time for a machine to boot.
  let limit: Duration

  package init(
    _ cloud: any Cloud, cluster: String, image: String, flavor: String, network: String? = nil,
    limit: Duration = .seconds(60)
  ) {
    self.cloud = cloud
    self.cluster = cluster
    self.image = image
    self.flavor = flavor
    self.network = network
    self.limit = limit
  }

  package func spec(_ server: String, generation: Int = 1, userData: String? = nil) async throws -> MachineSpec {
    let resolution = try await cloud.resolve([want(server)], missing: [])
    let resolved = try #require(resolution.resolved.first)
    let tag = MachineTag(cluster: cluster, server: server, generation: generation)
    let standard = UserData.text(
      user: "stack", hostname: server, authorizedKeys: [], bootLine: UserData.bootLine(tag))
    return MachineSpec(
      tag: tag, name: "\(cluster)-\(server)", hostname: server, resolved: resolved, userData: userData ?? standard,
      metadata: ["a": "b"])
  }

  private func want(_ server: String) -> MachineWant {
    MachineWant(name: server, image: image, flavor: flavor, network: network)
  }

  /// The machine, once it is active and has shown its host keys.
  package func booted(_ id: String) async throws -> (Machine, [HostKey]) {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var last: Machine?
    while clock.now < end {
      last = try await cloud.machines(ofCluster: cluster).first { $0.id == id }
      let machine = try #require(last)
      if case .error(let text) = machine.status { throw CloudError(.failed, operation: "boot", cause: text) }
      if machine.status == .active, !machine.addresses.isEmpty, let keys = try await cloud.hostKeys(id), !keys.isEmpty {
        return (machine, keys)
      }
      try await clock.sleep(for: .milliseconds(50))
    }
    throw CloudError(.failed, operation: "boot", cause: "not within \(limit): \(String(describing: last))")
  }

  /// The machine, once it is active.
  private func active(_ id: String) async throws -> Machine {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while clock.now < end {
      let machine = try #require(try await cloud.machines(ofCluster: cluster).first { $0.id == id })
      if machine.status == .active, !machine.addresses.isEmpty { return machine }
      try await clock.sleep(for: .milliseconds(50))
    }
    throw CloudError(.failed, operation: "start", cause: "not active within \(limit)")
  }

  /// Wrong names are problems, each with its servers; right ones are resolved beside them.
  package func resolvesNames() async throws {
    let resolution = try await cloud.resolve(
      [
        want("right"),
        MachineWant(name: "wrong-1", image: "no-such-image", flavor: "no-such-flavor", network: network),
        MachineWant(name: "wrong-2", image: image, flavor: flavor, zone: "no-such-zone", network: "no-such-network"),
      ], missing: [])
    #expect(resolution.resolved.map(\.name) == ["right"])
    #expect(Set(resolution.problems.map(\.setting)) == ["image", "flavor", "zone", "network"])
    #expect(resolution.problems.first { $0.setting == "image" }?.servers == ["wrong-1"])
    #expect(resolution.problems.first { $0.setting == "zone" }?.servers == ["wrong-2"])
    #expect(resolution.problems.allSatisfy { $0.message.contains("no-such-\($0.setting)") })
    let again = try await cloud.resolve([want("right")], missing: [])
    #expect(again.resolved == resolution.resolved)
    #expect(try await cloud.machines(ofCluster: cluster).isEmpty)
  }

  /// From nothing over create, create again, rebuild and delete back to nothing.
  package func livesAndDies() async throws {
    #expect(try await cloud.machines(ofCluster: cluster).isEmpty)
    let spec = try await spec("web-1")
    // Many at once make one.
    let made = try await withThrowingTaskGroup(of: Machine.self) { group in
      for _ in 0..<3 { group.addTask { try await cloud.create(spec) } }
      return try await group.reduce(into: [Machine]()) { $0.append($1) }
    }
    #expect(Set(made.map(\.id)).count == 1)
    let id = made[0].id
    let (machine, keys) = try await booted(id)
    #expect(machine.tag == spec.tag)
    #expect(machine.name == spec.name)
    #expect(machine.imageID == spec.resolved.imageID)
    // Nova's servers give the name of their flavor alone.
    #expect([spec.resolved.flavorID, flavor].contains(machine.flavorID))
    #expect(!(try await cloud.console(id)).isEmpty)
    #expect(try await cloud.machines(ofCluster: cluster).map(\.id) == [id])
    #expect(try await cloud.machines(ofCluster: "\(cluster)-other").isEmpty)

    let same = try await cloud.rebuild(id, spec)
    #expect(same.status == .active)
    #expect(try await cloud.hostKeys(id) == keys)
    let next = try await self.spec("web-1", generation: 2)
    let rebuilt = try await cloud.rebuild(id, next)
    #expect(rebuilt.id == id)
    #expect(rebuilt.tag == next.tag)
    let (fresh, freshKeys) = try await booted(id)
    #expect(fresh.addresses == machine.addresses)
    #expect(Set(freshKeys).isDisjoint(with: keys))
    #expect(try await cloud.create(next).id == id)

    try await cloud.delete(id, wait: true)
    #expect(try await cloud.machines(ofCluster: cluster).isEmpty)
    try await cloud.delete(id, wait: true)
    let error = await #expect(throws: CloudError.self) { _ = try await cloud.rebuild(id, next) }
    #expect(error?.code == .notFound)
  }
  /// An image of a stopped machine's disk, from which the next machine of that server is made at the same address alone.
  package func makesSnapshots() async throws {
    #expect(cloud.makesSnapshots)
    #expect(try await cloud.snapshots(ofCluster: cluster).isEmpty)
    let spec = try await spec("web-1")
    let (machine, keys) = try await booted(try await cloud.create(spec).id)
    let tag = SnapshotTag(cluster: cluster, server: "web-1", set: "0123456789ab")
    try await cloud.stop(machine.id)
    #expect(try await cloud.machines(ofCluster: cluster).map(\.status) == [.stopped])
    try await cloud.stop(machine.id)
    let made = try await cloud.makeSnapshot(of: machine.id, tag)
    #expect(made.tag == tag)
    #expect(made.status == .active)
    #expect(try await cloud.makeSnapshot(of: machine.id, tag) == made)
    #expect(try await cloud.snapshots(ofCluster: cluster) == [made])
    #expect(try await cloud.snapshots(ofCluster: "\(cluster)-other").isEmpty)
    #expect(try await cloud.resources(ofCluster: cluster, [.snapshot]) == [made.resource])
    try await cloud.start(machine.id)
    let started = try await active(machine.id)
    #expect(started.addresses == machine.addresses)
    // A console may be empty after that; what it shows is the same.
    #expect(try await cloud.hostKeys(machine.id).map { $0 == keys } ?? true)
    try await cloud.start(machine.id)
    #expect(try await cloud.resolve([want("web-1")], missing: []).resolved == [spec.resolved])

    var next = try await self.spec("web-1", generation: 2)
    next.snapshot = SnapshotSource(imageID: made.id, addresses: machine.addresses)
    let (rebuilt, fresh) = try await booted(try await cloud.rebuild(machine.id, next).id)
    #expect(rebuilt.imageID == made.id)
    #expect(rebuilt.tag == next.tag)
    #expect(rebuilt.addresses == machine.addresses)
    #expect(Set(fresh).isDisjoint(with: keys))

    try await cloud.delete(rebuilt.id, wait: true)
    var third = try await self.spec("web-1", generation: 3)
    third.snapshot = next.snapshot
    let (again, _) = try await booted(try await cloud.create(third).id)
    #expect(again.imageID == made.id)
    #expect(again.addresses == machine.addresses)
    // Another server is there already: the address can't be had, and what is on the disk knows no other.
    var other = try await self.spec("web-2")
    other.snapshot = next.snapshot
    let (second, _) = try await booted(try await cloud.create(other).id)
    #expect(second.imageID == spec.resolved.imageID)
    #expect(second.addresses != machine.addresses)

    try await cloud.delete(again.id, wait: true)
    try await cloud.delete(second.id, wait: true)
    #expect(try await cloud.snapshots(ofCluster: cluster) == [made])
    try await cloud.delete(made.resource)
    try await cloud.delete(made.resource)
    #expect(try await cloud.snapshots(ofCluster: cluster).isEmpty)
  }
}

/// Makes one server, once: ports first, then the server on them, each looked for before it is made.
struct ServerCreation: Sendable {
  let cloud: OpenStackCloud
  let spec: MachineSpec

  private var mark: ClusterMark { ClusterMark(cluster: spec.tag.cluster) }
  private var api: OpenStackAPI { cloud.api }
  private var operation: String { "create server `\(spec.name)`" }

  func run() async throws(CloudError) -> Machine {
    if let existing = try await existing() { return existing }
    let keyPair = try await cloud.keyPair(spec)
    let ports = try await ports()
    let parts = ServerParts(
      ports: ports, floating: try await floatingAddress(ports), keyPair: keyPair,
      serverGroup: try await cloud.serverGroup(spec))
    guard let group = parts.serverGroup else { return try await post(parts) }
    // Servers that the scheduler places at the same time don't see each other: one after the other keeps them apart.
    return try await cloud.turns.run("scheduling \(group)") { () async throws(CloudError) in
      let machine = try await post(parts)
      try await placed(machine.id)
      return machine
    }
  }

  /// The server that is there for this very tag.
  private func existing() async throws(CloudError) -> Machine? {
    try await cloud.servers(spec.tag.cluster).compactMap(\.machine)
      .filter { $0.tag == spec.tag && $0.status != .deleting }.min(by: Machine.isBetter)
  }

  private func post(_ parts: ServerParts) async throws(CloudError) -> Machine {
    let spec = sourced(parts)
    let body = ServerRequest.create(spec, mark, parts)
    return try await api.once(
      isKnownMissing: true, find: { () async throws(CloudError) in try await existing() },
      make: { () async throws(CloudError) in
        let answer = try await api.nova(operation, "POST", "/servers", body: body)
        guard let id = answer["server"]?["id"]?.string else {
          throw CloudError(.failed, operation: operation, cause: "nova's answer has no id", isUncertain: true)
        }
        return Machine(
          id: id, name: spec.name, tag: spec.tag, status: .building, addresses: [], imageID: spec.resolved.imageID,
          flavorID: spec.resolved.flavorID, createdAt: 0)
      })
  }

  /// From the snapshot where it has the snapshot's addresses.
  private func sourced(_ parts: ServerParts) -> MachineSpec {
    var spec = spec
    if let source = spec.snapshot, source.suits(parts.addresses) { spec.resolved.imageID = source.imageID }
    return spec
  }

  /// Waits until the scheduler has decided; what becomes of the server then is not this function's to say.
  private func placed(_ id: String) async throws(CloudError) {
    for _ in 0..<120 {
      let server = try await cloud.nextServers(spec.tag.cluster).first { $0.id == id }
      guard let server, server.status == "BUILD", server.taskState == nil || server.taskState == "scheduling" else {
        return
      }
    }
  }

  private func ports() async throws(CloudError) -> [NeutronPort] {
    var ports: [NeutronPort] = []
    for (index, network) in ([spec.resolved.network] + spec.resolved.extraNetworks).enumerated() {
      let name = mark.portName(spec.tag.server, index)
      let groups = network.hasPortSecurity ? try await cloud.securityGroups(spec) : nil
      let port = try await api.once(
        find: { () async throws(CloudError) in
          try await cloud.ports(spec.tag.cluster).filter { $0.name == name && $0.networkID == network.id }
            .min { ($0.deviceID, $0.id) < ($1.deviceID, $1.id) }
        },
        make: { () async throws(CloudError) in
          let operation = "create port `\(name)`"
          let wish = index == 0 ? spec.snapshot?.fixedAddress(isFloating: spec.resolved.floatingNetworkID != nil) : nil
          let answer = try await post(operation, wish) { address in
            NetworkRequest.port(name, mark, network: network.id, groups: groups, address: address)
          }
          guard let port = answer["port"].flatMap({ NeutronPort($0) }) else {
            throw CloudError(.failed, operation: operation, cause: "neutron's answer has no port", isUncertain: true)
          }
          return port
        })
      ports.append(port)
    }
    return ports
  }

  /// With the address that is wished for, else with any: it may be another's by now, or of a subnet that is gone.
  private func post(
    _ operation: String, _ wish: String?, _ body: (String?) -> JSON
  ) async throws(CloudError) -> JSON {
    if let wish {
      do throws(CloudError) {
        return try await api.neutron(operation, "POST", "/ports", body: body(wish))
      } catch {
        guard let status = error.status, [400, 403, 409].contains(status) else { throw error }
      }
    }
    return try await api.neutron(operation, "POST", "/ports", body: body(nil))
  }

  /// On the primary port, so that it is there before the server is.
  private func floatingAddress(_ ports: [NeutronPort]) async throws(CloudError) -> String? {
    guard let network = spec.resolved.floatingNetworkID, let port = ports.first else { return nil }
    let operation = "allocate a floating address for `\(spec.name)`"
    return try await api.once(
      find: { () async throws(CloudError) in
        try await api.neutronList(
          "list floating addresses", "/floatingips", "floatingips", query: [QueryItem("port_id", port.id)]
        ).compactMap { $0["floating_ip_address"]?.string }.min()
      },
      make: { () async throws(CloudError) in
        let body = NetworkRequest.floatingAddress(mark, network: network, port: port.id)
        let answer = try await api.neutron(operation, "POST", "/floatingips", body: body)
        guard let address = answer["floatingip"]?["floating_ip_address"]?.string else {
          throw CloudError(.failed, operation: operation, cause: "neutron's answer has no address", isUncertain: true)
        }
        return address
      })
  }
}

extension SnapshotSource {
  /// Whether a server with these addresses may be made from it. Where it was reached by a floating one, it comes first.
  func suits(_ parts: ServerAddresses) -> Bool {
    addresses.first == parts.floating ?? parts.fixed && addresses.contains(parts.fixed)
  }

  /// The address of its primary port.
  func fixedAddress(isFloating: Bool) -> String? { isFloating ? addresses.dropFirst().first : addresses.first }
}

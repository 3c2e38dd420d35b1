/// What a cluster made besides servers: listed and deleted.
extension OpenStackCloud {
  package func resources(
    ofCluster cluster: String, _ kinds: Set<CloudResource.Kind>
  ) async throws(CloudError) -> [CloudResource] {
    let mark = ClusterMark(cluster: cluster)
    var found: [CloudResource] = []
    // A group is in use as long as a port is in it.
    let ports = kinds.isDisjoint(with: [.port, .securityGroup, .floatingAddress]) ? [] : try await ports(cluster)
    if kinds.contains(.floatingAddress) {
      let list = try await api.neutronList(
        "list floating addresses", "/floatingips", "floatingips", query: [QueryItem("description", mark.description)])
      found += list.compactMap { json in
        guard let id = json["id"]?.string else { return nil }
        let port = ports.first { $0.id == json["port_id"]?.string }
        return CloudResource(
          kind: .floatingAddress, id: id, name: json["floating_ip_address"]?.string ?? id,
          server: port.flatMap { mark.port($0.name)?.server }, isInUse: port?.deviceID.isEmpty == false)
      }
    }
    if kinds.contains(.port) {
      found += ports.map { port in
        CloudResource(
          kind: .port, id: port.id, name: port.name, server: mark.port(port.name)?.server,
          isInUse: !port.deviceID.isEmpty)
      }
    }
    if kinds.contains(.serverGroup) {
      found += try await api.novaList("list server groups", "/os-server-groups", "server_groups").compactMap { json in
        guard let id = json["id"]?.string, let name = json["name"]?.string, name.hasPrefix("\(mark.name)-") else {
          return nil
        }
        return CloudResource(
          kind: .serverGroup, id: id, name: name, isInUse: json["members"]?.array?.isEmpty == false)
      }
    }
    if kinds.contains(.keyPair) {
      found += try await api.novaList("list key pairs", "/os-keypairs", "keypairs").compactMap { json in
        guard let name = json["keypair"]?["name"]?.string, name == mark.name else { return nil }
        return CloudResource(kind: .keyPair, id: name, name: name)
      }
    }
    if kinds.contains(.securityGroup) {
      let list = try await api.neutronList(
        "list security groups", "/security-groups", "security_groups",
        query: [QueryItem("description", mark.description)])
      found += list.compactMap { json in
        guard let id = json["id"]?.string else { return nil }
        return CloudResource(
          kind: .securityGroup, id: id, name: json["name"]?.string ?? id,
          isInUse: ports.contains { $0.securityGroups.contains(id) })
      }
    }
    if kinds.contains(.snapshot) { found += try await snapshots(ofCluster: cluster).map(\.resource) }
    return found
  }

  package func delete(_ resource: CloudResource) async throws(CloudError) {
    let operation = "delete \(resource.kind.rawValue) `\(resource.name)`"
    var attempt = 1
    while true {
      do throws(CloudError) {
        switch resource.kind {
        case .floatingAddress: _ = try await api.neutron(operation, "DELETE", "/floatingips/\(resource.id)")
        case .port: _ = try await api.neutron(operation, "DELETE", "/ports/\(resource.id)")
        case .securityGroup: _ = try await api.neutron(operation, "DELETE", "/security-groups/\(resource.id)")
        case .serverGroup: _ = try await api.nova(operation, "DELETE", "/os-server-groups/\(resource.id)")
        case .snapshot: _ = try await api.client.send(operation, .image, "DELETE", "/images/\(resource.id)")
        case .keyPair: _ = try await api.nova(operation, "DELETE", "/os-keypairs/\(resource.id)")
        }
        break
      } catch {
        if error.code == .notFound { break }
        // Neutron sees a little later than nova that a server is gone; glance may still hold an image that was in use.
        guard error.code == .conflict, attempt < 10, (try? await api.clock.sleep(for: .seconds(1))) != nil else {
          throw error
        }
        attempt += 1
      }
    }
    forget(resource.kind, resource.name)
  }
}

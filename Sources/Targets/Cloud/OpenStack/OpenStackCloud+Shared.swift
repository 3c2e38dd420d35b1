/// What the servers of a cluster share, made when the first of them needs it.
extension OpenStackCloud {
  /// The key pair's name; nil where there is no key. One that the user names is there, and stays.
  func keyPair(_ spec: MachineSpec) async throws(CloudError) -> String? {
    if let own = spec.resolved.keyPair { return own.name }
    guard let key = spec.authorizedKeys.first else { return nil }
    let name = ClusterMark(cluster: spec.tag.cluster).name
    return try await shared(
      .keyPair, name, isKnownMissing: true,
      find: { () async throws(CloudError) in try await ownKeyPair(name, key) },
      make: { () async throws(CloudError) in
        do throws(CloudError) {
          _ = try await api.nova(
            "create key pair `\(name)`", "POST", "/os-keypairs",
            body: ["keypair": ["name": .string(name), "public_key": .string(key)]])
          return name
        } catch {
          // Nova takes no name twice, and this one is ours: it is there.
          guard error.code == .conflict, let found = try await ownKeyPair(name, key) else { throw error }
          return found
        }
      })
  }

  /// The name, where there is such a key pair. Servers would let in whoever holds another key, and perhaps not this
  /// cluster: that is refused.
  private func ownKeyPair(_ name: String, _ key: String) async throws(CloudError) -> String? {
    let operation = "look at key pair `\(name)`"
    let found: JSON
    do throws(CloudError) {
      found = try await api.nova(operation, "GET", "/os-keypairs/\(name)")
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
    guard let held = found["keypair"]?["public_key"]?.string, !SSHKeyPair.isSame(held, key) else { return name }
    throw CloudError(
      .unsupported, operation: operation, cause: "it holds another key than this cluster's",
      hint: "`stackmake clean` deletes it with all that this cluster has; its name is this cluster's alone")
  }

  /// Ids of the groups that the server's ports are in; nil where its network takes none.
  func securityGroups(_ spec: MachineSpec) async throws(CloudError) -> [String]? {
    if let groups = spec.resolved.securityGroupIDs { return groups }
    guard spec.resolved.network.hasPortSecurity else { return nil }
    let mark = ClusterMark(cluster: spec.tag.cluster)
    let operation = "create security group `\(mark.name)`"
    let id = try await shared(
      .securityGroup, mark.name,
      find: { () async throws(CloudError) in
        let groups = try await api.neutronList(
          "list security groups", "/security-groups", "security_groups",
          query: [QueryItem("description", mark.description)])
        let ours = groups.filter { $0["name"]?.string == mark.name }
        // Of several the one that ports are in already.
        let used = ours.count < 2 ? [] : Set(try await ports(spec.tag.cluster).flatMap(\.securityGroups))
        func rank(_ group: JSON) -> (Int, String) {
          let id = group["id"]?.string ?? ""
          return (used.contains(id) ? 0 : 1, id)
        }
        guard let group = ours.min(by: { rank($0) < rank($1) }), let id = group["id"]?.string else { return nil }
        // It was made, and its rules were cut off.
        if !SecurityRules(group).admitsSSH { try await makeRules(operation, id) }
        return id
      },
      make: { () async throws(CloudError) in
        let answer = try await api.neutron(
          operation, "POST", "/security-groups", body: NetworkRequest.securityGroup(mark))
        guard let id = answer["security_group"]?["id"]?.string else {
          throw CloudError(.failed, operation: operation, cause: "neutron's answer has no id", isUncertain: true)
        }
        try await makeRules(operation, id)
        return id
      })
    return [id]
  }

  private func makeRules(_ operation: String, _ group: String) async throws(CloudError) {
    do throws(CloudError) {
      _ = try await api.neutron(
        operation, "POST", "/security-group-rules", body: NetworkRequest.securityGroupRules(group), repeats: true)
    } catch {
      // All of them or none is made, and none twice: they are there.
      guard error.code == .conflict else { throw error }
    }
  }

  /// The id of the group that keeps the server apart from its like; nil where none is asked for.
  func serverGroup(_ spec: MachineSpec) async throws(CloudError) -> String? {
    guard let spread = spec.resolved.spread else { return nil }
    let name = ClusterMark(cluster: spec.tag.cluster).serverGroupName(spread)
    let operation = "create server group `\(name)`"
    return try await shared(
      .serverGroup, name,
      find: { () async throws(CloudError) in
        try await api.novaList("list server groups", "/os-server-groups", "server_groups")
          .filter { $0["name"]?.string == name }.compactMap { $0["id"]?.string }.min()
      },
      make: { () async throws(CloudError) in
        let policy = spread.policy == "soft" ? "soft-anti-affinity" : "anti-affinity"
        let answer = try await api.nova(
          operation, "POST", "/os-server-groups",
          body: ["server_group": ["name": .string(name), "policy": .string(policy)]])
        guard let id = answer["server_group"]?["id"]?.string else {
          throw CloudError(.failed, operation: operation, cause: "nova's answer has no id", isUncertain: true)
        }
        return id
      })
  }
}

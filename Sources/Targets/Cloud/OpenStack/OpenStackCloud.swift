import Synchronization

/// An OpenStack cloud: servers of nova on ports of neutron.
///
/// What is made carries the cluster's mark in the request that makes it. A request whose answer was lost is never
/// simply sent again: what is there is looked at first, so that nothing is made twice.
package final class OpenStackCloud: Cloud {
  let api: OpenStackAPI
  let turns = Turns()
  private let offers: OfferReader
  private let serverLists: Watches<[NovaServer]>
  private let portLists: Watches<[NeutronPort]>
  private let state = Mutex(State())

  private struct State {
    /// Whose a server is and its generation, as last seen, by id.
    var tags: [String: MachineTag] = [:]
    /// Ids of what the whole cluster shares, by kind and name.
    var shared: [String: String] = [:]
    /// Why servers broke, by id, where a list didn't say it; nil where nova doesn't either.
    var faults: [String: String?] = [:]
  }

  package init(_ client: ServiceClient, clock: any Clock<Duration> = ContinuousClock()) {
    api = OpenStackAPI(client, clock: clock)
    offers = OfferReader(api)
    serverLists = Watches(clock: clock)
    portLists = Watches(clock: clock)
  }

  package func resolve(
    _ wants: [MachineWant], missing: Set<String>
  ) async throws(CloudError) -> CloudResolution {
    let offer = try await offers.offer(for: wants)
    var resolution = OfferResolver(offer: offer).resolve(wants)
    let needed = resolution.resolved.filter { missing.contains($0.name) }
    if !needed.isEmpty {
      resolution.problems += QuotaCheck.problems(needed, offer, try await offers.quota())
    }
    return resolution
  }

  /// What it has to choose from.
  package func menu() async throws(CloudError) -> CloudMenu { try await offers.menu() }

  package func machines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    seen(try await servers(cluster))
  }

  package func nextMachines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    seen(try await nextServers(cluster))
  }

  package func allMachines() async throws(CloudError) -> [Machine] {
    let list = try await api.novaList(
      "list servers", "/servers/detail", "servers", query: [QueryItem("tags", ClusterMark.tag)])
    return list.compactMap { NovaServer($0)?.machine }
  }

  private func seen(_ servers: [NovaServer]) -> [Machine] {
    let machines = servers.compactMap(\.machine)
    state.withLock { state in for machine in machines { state.tags[machine.id] = machine.tag } }
    return machines
  }

  package func create(_ spec: MachineSpec) async throws(CloudError) -> Machine {
    try await turns.run("server \(spec.tag.cluster) \(spec.tag.server)") { () async throws(CloudError) in
      try await ServerCreation(cloud: self, spec: spec).run()
    }
  }

  package func rebuild(_ id: String, _ spec: MachineSpec) async throws(CloudError) -> Machine {
    try await turns.run("server \(spec.tag.cluster) \(spec.tag.server)") { () async throws(CloudError) in
      try await ServerRebuild(cloud: self, id: id, spec: spec).run()
    }
  }

  package func update(_ id: String, _ spec: MachineSpec) async throws(CloudError) {
    let operation = "update server `\(spec.name)`"
    let mark = ClusterMark(cluster: spec.tag.cluster)
    guard let server = try await server(id) else {
      throw CloudError(.notFound, operation: operation, cause: "there is no server `\(id)`")
    }
    let mine = try await ports(spec.tag.cluster).filter { $0.deviceID == id }
    _ = try await api.nova(
      operation, "PUT", "/servers/\(id)/metadata",
      body: ["metadata": ServerRequest.metadata(spec, mark, server.metadataAddresses)])
    guard let groups = try await securityGroups(spec) else { return }
    for port in mine where Set(port.securityGroups) != Set(groups) {
      _ = try await api.neutron(operation, "PUT", "/ports/\(port.id)", body: NetworkRequest.portGroups(groups))
    }
  }

  package func delete(_ id: String, wait: Bool) async throws(CloudError) {
    try await ServerDeletion(cloud: self, id: id).run(wait: wait)
  }

  package func console(_ id: String) async throws(CloudError) -> String {
    let answer = try await api.nova(
      "read the console", "POST", "/servers/\(id)/action", body: ["os-getConsoleOutput": [:]], repeats: true)
    return answer["output"]?.string ?? ""
  }

  package func hostKeys(_ id: String) async throws(CloudError) -> [HostKey]? {
    let console: String
    do {
      console = try await self.console(id)
    } catch {
      // Not there yet.
      if error.status == 404 || error.status == 409 { return nil }
      // The hypervisor has none, or the cloud's rules don't let us.
      guard let status = error.status, [403, 405, 501].contains(status) else { throw error }
      var none = error
      none.code = .unsupported
      throw none
    }
    var tag = state.withLock { $0.tags[id] }
    if tag == nil { tag = try await server(id)?.tag }
    return tag.flatMap { ConsoleHostKeys.parse(console, after: UserData.bootLine($0)) }
  }

  // MARK: - For what is done in several steps

  /// Every server of the cluster, by a list that is begun after this call.
  func servers(_ cluster: String) async throws(CloudError) -> [NovaServer] {
    try await watch(cluster).now()
  }

  /// The same at the next tick.
  func nextServers(_ cluster: String) async throws(CloudError) -> [NovaServer] {
    try await watch(cluster).next()
  }

  private func watch(_ cluster: String) -> Watch<[NovaServer]> {
    let mark = ClusterMark(cluster: cluster)
    return serverLists.of(cluster) { [weak self] () async throws(CloudError) in
      guard let self else { return [] }
      return try await self.explained(self.list(mark))
    }
  }

  /// A list doesn't say why a server broke that no host was found for: nova keeps it apart. Each is asked for once.
  private func explained(_ list: [NovaServer]) async throws(CloudError) -> [NovaServer] {
    var list = list
    for index in list.indices where list[index].status == "ERROR" && list[index].fault == nil {
      let id = list[index].id
      if let known = state.withLock({ $0.faults[id] }) {
        list[index].fault = known
        continue
      }
      var fault = try await server(id)?.fault
      // Nova says that a server broke a moment before it writes down why.
      if fault == nil, (try? await api.clock.sleep(for: .seconds(1))) != nil { fault = try await server(id)?.fault }
      state.withLock { $0.faults[id] = .some(fault) }
      list[index].fault = fault
    }
    return list
  }

  private func list(_ mark: ClusterMark) async throws(CloudError) -> [NovaServer] {
    try await api.novaList(
      "list servers", "/servers/detail", "servers", query: [QueryItem("tags", mark.clusterTag)]
    ).compactMap { NovaServer($0) }.filter { $0.tag?.cluster == mark.cluster }
  }

  /// Every port that the cluster made.
  func ports(_ cluster: String) async throws(CloudError) -> [NeutronPort] {
    let mark = ClusterMark(cluster: cluster)
    let watch = portLists.of(cluster) { [api] () async throws(CloudError) in
      let list = try await api.neutronList(
        "list ports", "/ports", "ports", query: [QueryItem("description", mark.description)])
      return list.compactMap { NeutronPort($0) }.filter { mark.port($0.name) != nil }
    }
    return try await watch.now()
  }

  /// One server, asked for by itself; nil where it doesn't exist.
  func server(_ id: String) async throws(CloudError) -> NovaServer? {
    do {
      return try await api.nova("look at server `\(id)`", "GET", "/servers/\(id)")["server"].flatMap { NovaServer($0) }
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// The id of something that the whole cluster shares: remembered, else found, else made. One at a time for a name.
  func shared(
    _ kind: CloudResource.Kind, _ name: String, isKnownMissing: Bool = false,
    find: @Sendable () async throws(CloudError) -> String?,
    make: @Sendable () async throws(CloudError) -> String
  ) async throws(CloudError) -> String {
    let key = "\(kind.rawValue) \(name)"
    return try await turns.run(key) { () async throws(CloudError) -> String in
      if let known = self.state.withLock({ $0.shared[key] }) { return known }
      let id = try await api.once(isKnownMissing: isKnownMissing, find: find, make: make)
      self.state.withLock { $0.shared[key] = id }
      return id
    }
  }

  /// It may be gone by now.
  func forget(_ kind: CloudResource.Kind, _ name: String) {
    state.withLock { $0.shared["\(kind.rawValue) \(name)"] = nil }
  }
}

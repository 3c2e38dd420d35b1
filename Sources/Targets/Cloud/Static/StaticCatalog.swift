import StackMake

/// What is wrong with servers that exist, decided from the layout and what is known of host keys. Pure.
struct StaticCatalog: Sendable {
  /// Settings that ask a cloud for something.
  private static let meaningless = [
    "image", "flavor", "zone", "network", "security-group", "volume", "floating", "spread",
  ]

  var knownHosts: KnownHosts
  /// Why a file can't be read, by what `key` says; nil where it can.
  var keyProblem: @Sendable (String) -> String?

  /// - Parameter places: all servers of the layout.
  func resolve(_ names: [String], among places: [Place]) -> CloudResolution {
    var problems: [CloudProblem] = []
    var resolved: [ResolvedMachine] = []
    var hosts: [StaticHost] = []
    for place in places {
      let (host, found) = StaticHost.read(place)
      if let host { hosts.append(host) }
      if names.contains(place.name) { problems += found }
    }
    for (id, same) in Dictionary(grouping: hosts, by: \.id).sorted(by: { $0.key < $1.key }) where same.count > 1 {
      problems.append(
        CloudProblem(
          servers: same.map(\.server), setting: "host", message: "\(id) is more than one server of the layout",
          hint: "each needs a machine of its own"))
    }
    for host in hosts where names.contains(host.server) {
      if let key = host.key, let reason = keyProblem(key) {
        problems.append(
          CloudProblem(servers: [host.server], setting: "key", message: "`key=\(key)` can't be read: \(reason)"))
      }
      if case .failure(let problem) = pins(of: host) {
        problems.append(problem)
      } else if !problems.contains(where: { $0.servers.contains(host.server) }) {
        resolved.append(
          ResolvedMachine(
            name: host.server, imageID: "none", imageChecksum: "none", flavorID: "none", zones: [],
            network: ResolvedNetwork(id: "none", hasPortSecurity: false)))
      }
    }
    return CloudResolution(resolved: resolved, problems: problems, notes: Self.notes(places))
  }

  enum Pins: Sendable, Hashable {
    case keys([HostKey])
    case failure(CloudProblem)
  }

  /// The host keys to believe: those of the line, else those of known_hosts; never one that is revoked there.
  func pins(of host: StaticHost) -> Pins {
    let revoked = knownHosts.revoked(of: host.address, port: host.port)
    let given = host.pins.isEmpty ? knownHosts.keys(of: host.address, port: host.port) : host.pins
    let keys = given.filter { !revoked.contains($0) }
    if !keys.isEmpty { return .keys(keys) }
    let isRevoked = !revoked.isEmpty
    return .failure(
      CloudProblem(
        servers: [host.server], setting: "host-key",
        message: isRevoked
          ? "the host key of \(host.id) is revoked in known_hosts"
          : "no host key of \(host.id) is known: its line pins none, and known_hosts has none",
        hint: StaticHost.howToPin))
  }

  private static func notes(_ places: [Place]) -> [String] {
    meaningless.filter { name in places.contains { $0.settings[name] != nil } }
      .map { "`\($0)` means nothing for servers that exist, and is left out" }
  }
}

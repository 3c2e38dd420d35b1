/// How what a cluster made is told from everything else in a project: by names, tags, descriptions and metadata that are
/// given in the very request that makes it. Pure.
struct ClusterMark: Sendable, Hashable {
  /// The cluster's id.
  let cluster: String

  /// Servers: tags can be filtered for, and metadata says exactly which server it is. A rebuild changes metadata together with the
  /// disk, so that the generation in it is always the disk's.
  static let tag = "stackmake"
  static let clusterKey = "stackmake_cluster"
  static let serverKey = "stackmake_server"
  static let generationKey = "stackmake_generation"
  static let addressKey = "stackmake_address"
  static let floatingKey = "stackmake_floating"
  /// When the cluster is meant to end, as `2026-12-01T12:00:00Z`: other programs can read it, too.
  static let expiryKey = "stackmake_expires"

  /// Of the images that snapshots are.
  static let setKey = "stackmake_set"

  var clusterTag: String { "sm-c-\(cluster)" }

  /// Nova takes at most 60 characters a tag, without `/` and `,`.
  func tags(_ tag: MachineTag) -> [String] {
    [Self.tag, clusterTag, String("sm-t-server.\(tag.server)".prefix(60)), "sm-g-\(tag.generation)"]
  }

  func metadata(
    _ tag: MachineTag, _ addresses: ServerAddresses, _ own: [String: String], expiresAt: Double? = nil
  ) -> [String: String] {
    var ours = [
      Self.clusterKey: tag.cluster, Self.serverKey: tag.server, Self.generationKey: String(tag.generation),
      Self.addressKey: addresses.fixed,
    ]
    ours[Self.floatingKey] = addresses.floating
    ours[Self.expiryKey] = expiresAt.map { ClusterEnd.stamp($0) }
    return own.merging(ours) { _, ours in ours }
  }

  /// Of everything in neutron; exact, so that it can be filtered for.
  var description: String { "stackmake cluster \(cluster)" }

  /// Key pair, security group; the start of the names of ports and server groups.
  var name: String { "\(Self.prefix)\(cluster)" }

  /// What the names of all clusters begin with.
  static let prefix = "stackmake-"

  /// The server's port number `index`, from 0.
  func portName(_ server: String, _ index: Int) -> String {
    index == 0 ? "\(name)-\(server)" : "\(name)-\(server).\(index + 1)"
  }

  /// The server that a port's name names, and the port's number; nil for another's.
  func port(_ portName: String) -> (server: String, index: Int)? {
    guard portName.hasPrefix("\(name)-") else { return nil }
    // A server's name has no dot.
    let words = portName.dropFirst(name.count + 1).split(separator: ".", maxSplits: 1)
    guard let server = words.first else { return nil }
    return (String(server), words.count == 2 ? (Int(words[1]) ?? 1) - 1 : 0)
  }

  func serverGroupName(_ spread: MachineWant.Spread) -> String { "\(name)-\(spread.group)-\(spread.policy)" }
}

/// What a server is reached by.
struct ServerAddresses: Sendable, Hashable {
  /// That of its primary port.
  var fixed: String
  var floating: String?
}

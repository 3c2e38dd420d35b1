/// What a cloud has of what a layout asks for. Pure values, read from the services' answers.
struct Offer: Sendable, Hashable {
  /// What was found for each name, id or query that the layout has for an image.
  var images: [String: [OfferedImage]] = [:]
  var flavors: [OfferedFlavor] = []
  /// Names of the zones that are available.
  var zones: [String] = []
  var networks: [OfferedNetwork] = []
  /// Of the project; empty where nobody asks for one by name.
  var securityGroups: [SecurityRules] = []
  /// Public keys of key pairs that the layout names, by name; nil for one that isn't there.
  var keyPairs: [String: String?] = [:]
  /// Names of images, for guesses; empty where every image was found.
  var imageNames: [String] = []
}

struct OfferedImage: Sendable, Hashable {
  var id: String
  var name: String
  /// `active`, `queued`, `deactivated`, …
  var status: String
  /// The hash of its contents, and when it was last changed.
  var checksum: String
  /// GiB, MiB
  var minDisk: Int
  var minRAM: Int
  var createdAt: Double
  /// Text properties: `os_distro`, `os_version`, …
  var properties: [String: String]

  init?(_ json: JSON) {
    guard let id = json["id"]?.string else { return nil }
    self.id = id
    name = json["name"]?.string ?? ""
    status = json["status"]?.string ?? ""
    checksum = [json["os_hash_value"]?.string.map { String($0.prefix(16)) }, json["updated_at"]?.string]
      .compactMap(\.self).joined(separator: " ")
    minDisk = json["min_disk"]?.int ?? 0
    minRAM = json["min_ram"]?.int ?? 0
    createdAt = json["created_at"]?.string.flatMap(Timestamp.seconds) ?? 0
    properties = (json.object ?? [:]).compactMapValues(\.string)
  }
}

struct OfferedFlavor: Sendable, Hashable {
  var id: String
  var name: String
  var cores: Int
  /// MiB
  var ram: Int
  /// GiB; 0: as large as the image.
  var disk: Int

  init?(_ json: JSON) {
    guard let id = json["id"]?.string, let name = json["name"]?.string else { return nil }
    self.id = id
    self.name = name
    cores = json["vcpus"]?.int ?? 0
    ram = json["ram"]?.int ?? 0
    disk = json["disk"]?.int ?? 0
  }
}

struct OfferedNetwork: Sendable, Hashable {
  var id: String
  var name: String
  var isExternal: Bool
  var hasPortSecurity: Bool
  var hasSubnets: Bool

  init?(_ json: JSON) {
    guard let id = json["id"]?.string else { return nil }
    self.id = id
    name = json["name"]?.string ?? ""
    isExternal = json["router:external"]?.bool ?? false
    // Where the cloud doesn't know the word, every port takes groups.
    hasPortSecurity = json["port_security_enabled"]?.bool ?? true
    hasSubnets = json["subnets"]?.array?.isEmpty == false
  }
}

/// What is left of the project's quotas; nil where there is no limit, or it isn't told.
struct Quota: Sendable, Hashable {
  var instances: Left?
  var cores: Left?
  /// MiB
  var ram: Left?
  var ports: Left?
  var floatingAddresses: Left?

  struct Left: Sendable, Hashable {
    var limit: Int
    var used: Int

    /// Nil for -1, which is no limit.
    init?(limit: Int?, used: Int?) {
      guard let limit, limit >= 0 else { return nil }
      self.limit = limit
      self.used = used ?? 0
    }
  }

  /// From nova's limits, and neutron's quota with details (nil where the cloud doesn't give them).
  init(nova: JSON, neutron: JSON?) {
    let absolute = nova["limits"]?["absolute"]
    func left(_ limit: String, _ used: String) -> Left? {
      Left(limit: absolute?[limit]?.int, used: absolute?[used]?.int)
    }
    instances = left("maxTotalInstances", "totalInstancesUsed")
    cores = left("maxTotalCores", "totalCoresUsed")
    ram = left("maxTotalRAMSize", "totalRAMUsed")
    func details(_ name: String) -> Left? {
      let detail = neutron?["quota"]?[name]
      return Left(limit: detail?["limit"]?.int, used: detail?["used"]?.int)
    }
    ports = details("port")
    floatingAddresses = details("floatingip")
  }
}

/// What a server of the layout asks for, by name.
package struct MachineWant: Sendable, Hashable {
  package var name: String
  package var image: String
  package var flavor: String
  /// One, or several of which each attempt takes another: `zone=a,b`.
  package var zone: String?
  /// One, or several: the first is the one that the server is reached by.
  package var network: String?
  /// Names of groups that exist; nil: the cluster makes one of its own.
  package var securityGroups: [String]?
  /// GiB of a volume that it boots from.
  package var volume: String?
  /// The network that a floating address is taken from; `yes`: the only external one.
  package var floating: String?
  package var spread: Spread?
  /// The name of a key pair that exists, whose key the server lets in; nil: the cluster makes one of its own.
  package var keyPair: String?
  /// The UDP port on which the servers send each other the packets of an overlay; nil where there is none.
  package var overlayPort: Int?

  /// How the servers of a group of the layout are kept apart.
  package struct Spread: Sendable, Hashable {
    /// The group of the layout.
    package var group: String
    /// `hard`: never two on one host; `soft`: where it can be.
    package var policy: String

    package init(group: String, policy: String) {
      self.group = group
      self.policy = policy
    }
  }

  package init(
    name: String, image: String, flavor: String, zone: String? = nil, network: String? = nil,
    securityGroups: [String]? = nil, volume: String? = nil, floating: String? = nil, spread: Spread? = nil,
    keyPair: String? = nil, overlayPort: Int? = nil
  ) {
    self.keyPair = keyPair
    self.overlayPort = overlayPort
    self.name = name
    self.image = image
    self.flavor = flavor
    self.zone = zone
    self.network = network
    self.securityGroups = securityGroups
    self.volume = volume
    self.floating = floating
    self.spread = spread
  }
}

package struct CloudResolution: Sendable, Hashable {
  /// One for each want that has no problem.
  package var resolved: [ResolvedMachine]
  package var problems: [CloudProblem]
  /// Choices worth knowing, a line each: which of several images was taken.
  package var notes: [String]

  package init(resolved: [ResolvedMachine], problems: [CloudProblem], notes: [String] = []) {
    self.resolved = resolved
    self.problems = problems
    self.notes = notes
  }
}

/// What the names of one server resolved to.
package struct ResolvedMachine: Sendable, Hashable {
  package var name: String
  package var imageID: String
  /// Changes when the image's contents do.
  package var imageChecksum: String
  package var flavorID: String
  /// Names; empty: any. Attempt N takes the Nth, and so on from the first.
  package var zones: [String]
  package var network: ResolvedNetwork
  package var extraNetworks: [ResolvedNetwork]
  /// Ids of groups that exist; nil: the cluster's own.
  package var securityGroupIDs: [String]?
  package var floatingNetworkID: String?
  /// GiB of a volume that it boots from; nil: the flavor's own disk.
  package var volume: Int?
  package var spread: MachineWant.Spread?
  /// The user's own, where it is to be used instead of one of the cluster's.
  package var keyPair: ResolvedKeyPair?
  /// Nil where the cloud doesn't tell.
  package var distro: ImageDistro?

  package init(
    name: String, imageID: String, imageChecksum: String, flavorID: String, zones: [String], network: ResolvedNetwork,
    extraNetworks: [ResolvedNetwork] = [], securityGroupIDs: [String]? = nil, floatingNetworkID: String? = nil,
    volume: Int? = nil, spread: MachineWant.Spread? = nil, keyPair: ResolvedKeyPair? = nil, distro: ImageDistro? = nil
  ) {
    self.keyPair = keyPair
    self.distro = distro
    self.name = name
    self.imageID = imageID
    self.imageChecksum = imageChecksum
    self.flavorID = flavorID
    self.zones = zones
    self.network = network
    self.extraNetworks = extraNetworks
    self.securityGroupIDs = securityGroupIDs
    self.floatingNetworkID = floatingNetworkID
    self.volume = volume
    self.spread = spread
  }
}

package struct ResolvedNetwork: Sendable, Hashable {
  package var id: String
  /// Whether its ports take security groups.
  package var hasPortSecurity: Bool

  package init(id: String, hasPortSecurity: Bool = true) {
    self.id = id
    self.hasPortSecurity = hasPortSecurity
  }
}

/// A key pair that the cloud has by name.
package struct ResolvedKeyPair: Sendable, Hashable {
  package var name: String
  /// `ssh-ed25519 AAAA…`
  package var publicKey: String

  package init(name: String, publicKey: String) {
    self.name = name
    self.publicKey = publicKey
  }
}

/// One thing that is wrong with what was asked for.
package struct CloudProblem: Sendable, Hashable {
  /// Servers that it concerns, by name.
  package var servers: [String]
  /// Which setting is wrong: `image`, `flavor`, `zone`, `network`, `security-group`, `floating`, `spread`, `volume`, `quota`, `key_pair`,
  /// or a variable of the overlay.
  package var setting: String
  /// `no image called \`debian-13\`; there are debian-12`
  package var message: String
  package var hint: String?

  package init(servers: [String], setting: String, message: String, hint: String? = nil) {
    self.servers = servers
    self.setting = setting
    self.message = message
    self.hint = hint
  }
}

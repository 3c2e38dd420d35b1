/// What a cloud has to choose from, by names that a Stackfile can say: what a first one is written of.
package struct CloudMenu: Sendable, Hashable {
  package struct Image: Sendable, Hashable {
    package var name: String
    /// Nil where neither its properties nor its name tell.
    package var distro: ImageDistro?
    /// MiB
    package var minimumMemory: Int
    /// GiB
    package var minimumDisk: Int

    package init(name: String, distro: ImageDistro?, minimumMemory: Int = 0, minimumDisk: Int = 0) {
      self.name = name
      self.distro = distro
      self.minimumMemory = minimumMemory
      self.minimumDisk = minimumDisk
    }
  }

  package struct Flavor: Sendable, Hashable {
    package var name: String
    /// Nil: those of the host.
    package var cores: Int?
    /// MiB
    package var memory: Int
    /// GiB; 0: as large as the image.
    package var disk: Int

    package init(name: String, cores: Int? = nil, memory: Int, disk: Int = 0) {
      self.name = name
      self.cores = cores
      self.memory = memory
      self.disk = disk
    }
  }

  /// Sorted by name.
  package var images: [Image]
  /// What is taken where nothing speaks against it.
  package var usualImage: String?
  /// The smallest first.
  package var flavors: [Flavor]
  /// Those that a server can be in, sorted; empty where a cloud has but one, which needs no name.
  package var networks: [String]
  /// Those that floating addresses come from, sorted.
  package var externalNetworks: [String]
  package var zones: [String]
  /// Of the user.
  package var keyPairs: [String]

  package init(
    images: [Image], usualImage: String? = nil, flavors: [Flavor], networks: [String] = [],
    externalNetworks: [String] = [], zones: [String] = [], keyPairs: [String] = []
  ) {
    self.images = images
    self.usualImage = usualImage
    self.flavors = flavors
    self.networks = networks
    self.externalNetworks = externalNetworks
    self.zones = zones
    self.keyPairs = keyPairs
  }
}

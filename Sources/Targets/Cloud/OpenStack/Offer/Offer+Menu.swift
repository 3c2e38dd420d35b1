/// What there is to choose from, of what the services list. Pure.
extension CloudMenu {
  init(
    images: [OfferedImage], flavors: [OfferedFlavor], networks: [OfferedNetwork], zones: [String], keyPairs: [String]
  ) throws(CloudError) {
    let active = images.filter { $0.status == "active" }
    // Of several of one name the resolver takes the newest: they are one choice.
    let newest = Dictionary(active.map { ($0.name, $0) }) { $0.createdAt < $1.createdAt ? $1 : $0 }
    let usable = networks.filter { !$0.isExternal && $0.hasSubnets }
    guard !usable.isEmpty else {
      throw CloudError(
        .notFound, operation: "list networks", cause: "there is no network that a server could be in",
        hint: "make a network with a subnet first")
    }
    self.init(
      images: newest.values.map { image in
        Image(
          name: Self.said(image.name, image.id),
          distro: ImageDistro(properties: image.properties, name: image.name), minimumMemory: image.minRAM,
          minimumDisk: image.minDisk)
      }.sorted { $0.name < $1.name },
      flavors: flavors.sorted { ($0.ram, $0.cores, $0.disk, $0.name) < ($1.ram, $1.cores, $1.disk, $1.name) }.map {
        Flavor(name: Self.said($0.name, $0.id), cores: $0.cores, memory: $0.ram, disk: $0.disk)
      },
      networks: usable.map { network in
        // A name that is there twice, also as that of another kind of network, says none.
        let isUnique = networks.count { $0.name == network.name } == 1
        return isUnique ? Self.said(network.name, network.id) : network.id
      }.sorted(),
      externalNetworks: networks.filter(\.isExternal).map { Self.said($0.name, $0.id) }.sorted(),
      zones: zones.filter { Self.isPlain($0) }.sorted(),
      // Those that are made for clusters go with them.
      keyPairs: keyPairs.filter { Self.isPlain($0) && !$0.hasPrefix(ClusterMark.prefix) }.sorted())
  }

  /// The name, or the id where a Stackfile would take the name for something else.
  private static func said(_ name: String, _ id: String) -> String { isPlain(name) ? name : id }

  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
          UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "@"):
          true
        default: false
        }
      }
  }
}

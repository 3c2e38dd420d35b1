/// What a first Stackfile builds.
package enum StarterPack: String, Sendable, CaseIterable {
  /// Servers, and recipes to be replaced.
  case plain
  case devstack
  case openstackDebian = "openstack-debian"

  /// Those that can be included.
  package static let names = [devstack, openstackDebian].map(\.rawValue)

  /// The branch of DevStack that is written down.
  static let branch = "stable/2026.1"

  /// What a server has to have, in MiB and GiB.
  struct Need: Sendable, Hashable {
    var memory: Int
    var disk: Int
    var cores = 1
  }

  var controller: Need {
    switch self {
    case .plain: Need(memory: 1024, disk: 5)
    case .devstack: Need(memory: 8192, disk: 40, cores: 2)
    case .openstackDebian: Need(memory: 4096, disk: 10)
    }
  }

  var compute: Need {
    switch self {
    case .plain: Need(memory: 1024, disk: 5)
    case .devstack: Need(memory: 4096, disk: 20)
    case .openstackDebian: Need(memory: 1024, disk: 5)
    }
  }

  /// Releases that it runs on; nil: any.
  var releases: [String]? {
    switch self {
    case .plain: nil
    case .devstack: DevStackCheck.supported[Self.branch]
    case .openstackDebian: ["bookworm", "trixie"]
    }
  }
}

/// What is taken of what a cloud has. Pure.
package struct StarterChoice: Sendable, Hashable {
  package var image: String
  /// Of the controller, and of all that have no other.
  package var flavor: String
  package var computeFlavor: String
  /// Nil where there is but one.
  package var network: String?
  package var computes: Int

  /// The best for the pack, or why it can't be built there.
  package init(_ menu: CloudMenu, for pack: StarterPack, computes: Int = 2) throws(CloudError) {
    let image = try Self.image(menu, pack)
    self.image = image.name
    (flavor, computeFlavor) = ("", "")
    // None is named where there is no choice.
    network = menu.networks.count > 1 ? menu.networks.first : nil
    self.computes = computes
    try take(image: image.name, menu, pack)
  }

  /// Takes another image, and with it flavors that it fits in.
  package mutating func take(image name: String, _ menu: CloudMenu, _ pack: StarterPack) throws(CloudError) {
    image = name
    let chosen = menu.images.first { $0.name == name }
    flavor = try Self.flavor(menu, pack.controller, chosen)
    computeFlavor = try Self.flavor(menu, pack.compute, chosen)
  }

  /// Takes one flavor for all servers.
  package mutating func take(flavor name: String) { (flavor, computeFlavor) = (name, name) }

  private static func image(_ menu: CloudMenu, _ pack: StarterPack) throws(CloudError) -> CloudMenu.Image {
    guard let releases = pack.releases else {
      if let usual = menu.images.first(where: { $0.name == menu.usualImage }) { return usual }
      if let best = menu.images.max(by: isWorse) { return best }
      throw CloudError(
        .notFound, operation: "choose an image", cause: "there is none", hint: "upload one, of Debian or Ubuntu")
    }
    let fitting = menu.images.filter { $0.distro.map { releases.contains($0.release) } ?? false }
    if let usual = fitting.first(where: { $0.name == menu.usualImage }) { return usual }
    if let best = fitting.max(by: isWorse) { return best }
    throw CloudError(
      .notFound, operation: "choose an image",
      cause: "the pack `\(pack.rawValue)` runs on \(releases.joined(separator: ", ")), and there is "
        + (menu.images.isEmpty ? "no image" : "only " + menu.images.map { "`\($0.name)`" }.joined(separator: ", ")),
      hint: "upload an image of one of them whose name or `os_distro` and `os_version` say which")
  }

  /// Distributions that are known best come last, of them the newest; of those the one with the plainest name.
  private static func isWorse(_ a: CloudMenu.Image, _ b: CloudMenu.Image) -> Bool {
    func rank(_ image: CloudMenu.Image) -> Int {
      guard let distro = image.distro else { return 0 }
      return ["rhel": 1, "ubuntu": 2, "debian": 3][distro.family] ?? 0
    }
    if rank(a) != rank(b) { return rank(a) < rank(b) }
    let (x, y) = (a.distro?.version ?? "", b.distro?.version ?? "")
    if x != y { return VersionOrder.isBefore(x, y) }
    return (b.name.count, b.name) < (a.name.count, a.name)
  }

  /// The smallest that is enough; where none is, the largest that the image fits in.
  private static func flavor(
    _ menu: CloudMenu, _ need: StarterPack.Need, _ image: CloudMenu.Image?
  ) throws(CloudError) -> String {
    let fitting = menu.flavors.filter { flavor in
      flavor.memory >= image?.minimumMemory ?? 0 && (flavor.disk == 0 || flavor.disk >= image?.minimumDisk ?? 0)
    }
    let enough = fitting.first { flavor in
      flavor.memory >= need.memory && (flavor.disk == 0 || flavor.disk >= need.disk)
        && flavor.cores ?? need.cores >= need.cores
    }
    if let flavor = enough ?? fitting.last { return flavor.name }
    throw CloudError(
      .notFound, operation: "choose a flavor",
      cause: menu.flavors.isEmpty ? "there is none" : "image `\(image?.name ?? "")` fits in none",
      hint: menu.flavors.isEmpty ? "ask who runs the cloud for one" : "take another image")
  }
}

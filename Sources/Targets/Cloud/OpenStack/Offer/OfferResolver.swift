import StackMake

/// Resolves what servers ask for in what a cloud offers: every problem at once, each with its servers. Pure.
struct OfferResolver: Sendable {
  let offer: Offer

  func resolve(_ wants: [MachineWant]) -> CloudResolution {
    var findings = Findings()
    var resolved: [ResolvedMachine] = []
    for want in wants {
      let before = findings.count(of: want.name)
      let image = image(want, &findings)
      let flavor = flavor(want, &findings)
      if let image, let flavor { check(image, fits: flavor, want, &findings) }
      let zones = zones(want, &findings)
      let networks = networks(want, &findings)
      let groups = securityGroups(want, &findings)
      let floating = floatingNetwork(want, &findings)
      let volume = volume(want, image, &findings)
      checkSpread(want, &findings)
      let keyPair = keyPair(want, &findings)
      guard findings.count(of: want.name) == before, let image, let flavor, let network = networks.first else {
        continue
      }
      resolved.append(
        ResolvedMachine(
          name: want.name, imageID: image.id, imageChecksum: image.checksum, flavorID: flavor.id, zones: zones,
          network: network, extraNetworks: Array(networks.dropFirst()), securityGroupIDs: groups,
          floatingNetworkID: floating, volume: volume, spread: want.spread, keyPair: keyPair,
          distro: ImageDistro(properties: image.properties, name: image.name)))
    }
    return CloudResolution(resolved: resolved, problems: findings.problems, notes: findings.notes)
  }

  /// What was found so far: the same trouble of several servers is one problem.
  private struct Findings {
    private(set) var problems: [CloudProblem] = []
    private(set) var notes: [String] = []

    mutating func add(_ want: MachineWant, _ setting: String, _ message: String, hint: String? = nil) {
      if let known = problems.firstIndex(where: { $0.setting == setting && $0.message == message }) {
        problems[known].servers.append(want.name)
      } else {
        problems.append(CloudProblem(servers: [want.name], setting: setting, message: message, hint: hint))
      }
    }

    mutating func note(_ text: String) { if !notes.contains(text) { notes.append(text) } }

    func count(of server: String) -> Int { problems.count { $0.servers.contains(server) } }
  }

  // MARK: - One setting each

  private func image(_ want: MachineWant, _ findings: inout Findings) -> OfferedImage? {
    guard !want.image.isEmpty else {
      findings.add(
        want, "image", "no image is named", hint: "set `image = NAME` in the Stackfile: \(some(offer.imageNames))")
      return nil
    }
    let query = ImageQuery(want.image)
    let found = offer.images[query.text] ?? []
    let usable = found.filter { $0.status == "active" }
    guard let best = usable.max(by: Self.isOlder) else {
      if let image = found.first {
        findings.add(
          want, "image", "image `\(query.text)` is \(image.status), not active",
          hint: "wait until it is uploaded, or take another")
      } else {
        let what = if case .properties = query { "no image has" } else { "no image called" }
        findings.add(want, "image", "\(what) `\(query.text)`", hint: guess(want.image, offer.imageNames))
      }
      return nil
    }
    if usable.count > 1 {
      findings.note("of \(usable.count) images for `\(query.text)` the newest is taken: \(best.name) (\(best.id))")
    }
    return best
  }

  /// By version where both have one, else by age.
  private static func isOlder(_ a: OfferedImage, _ b: OfferedImage) -> Bool {
    let (x, y) = (a.properties["os_version"] ?? "", b.properties["os_version"] ?? "")
    if x != y { return VersionOrder.isBefore(x, y) }
    return (a.createdAt, a.id) < (b.createdAt, b.id)
  }

  private func flavor(_ want: MachineWant, _ findings: inout Findings) -> OfferedFlavor? {
    if let flavor = offer.flavors.first(where: { $0.name == want.flavor })
      ?? offer.flavors.first(where: { $0.id == want.flavor })
    {
      return flavor
    }
    let names = offer.flavors.sorted { ($0.ram, $0.cores, $0.name) < ($1.ram, $1.cores, $1.name) }.map(\.name)
    if want.flavor.isEmpty {
      findings.add(want, "flavor", "no flavor is named", hint: "set `flavor = NAME` in the Stackfile: \(some(names))")
    } else {
      findings.add(want, "flavor", "no flavor called `\(want.flavor)`", hint: guess(want.flavor, names))
    }
    return nil
  }

  private func check(
    _ image: OfferedImage, fits flavor: OfferedFlavor, _ want: MachineWant, _ findings: inout Findings
  ) {
    let hint = "take a larger flavor"
    if image.minRAM > flavor.ram {
      findings.add(
        want, "flavor",
        "flavor `\(flavor.name)` has \(flavor.ram) MiB of memory, and image `\(image.name)` needs \(image.minRAM)",
        hint: hint)
    }
    // A volume has a size of its own; a disk of 0 is as large as the image.
    if image.minDisk > flavor.disk, flavor.disk > 0, want.volume == nil {
      findings.add(
        want, "flavor",
        "flavor `\(flavor.name)` has a disk of \(flavor.disk) GiB, and image `\(image.name)` needs \(image.minDisk)",
        hint: hint)
    }
  }

  private func zones(_ want: MachineWant, _ findings: inout Findings) -> [String] {
    let zones = Self.list(want.zone)
    for zone in zones where !offer.zones.contains(zone) {
      findings.add(want, "zone", "no zone called `\(zone)`", hint: guess(zone, offer.zones))
    }
    return zones
  }

  private func networks(_ want: MachineWant, _ findings: inout Findings) -> [ResolvedNetwork] {
    let usable = offer.networks.filter { !$0.isExternal && $0.hasSubnets }
    guard want.network != nil else {
      if usable.count == 1 { return usable.map(Self.resolved) }
      let names = usable.map(\.name).sorted()
      findings.add(
        want, "network",
        usable.isEmpty ? "there is no network that a server could be in" : "no network is named, and there are several",
        hint: usable.isEmpty
          ? "make a network with a subnet first" : "set `network = NAME` in the Stackfile: \(some(names))")
      return []
    }
    var result: [ResolvedNetwork] = []
    for name in Self.list(want.network) {
      let found = offer.networks.filter { $0.id == name || $0.name == name }
      if found.count > 1 {
        findings.add(
          want, "network", "\(found.count) networks are called `\(name)`",
          hint: "take one by its id: \(found.map(\.id).sorted().joined(separator: ", "))")
      } else if let network = found.first {
        if !network.hasSubnets {
          findings.add(want, "network", "network `\(name)` has no subnet", hint: "a server there would have no address")
        }
        result.append(Self.resolved(network))
      } else {
        findings.add(want, "network", "no network called `\(name)`", hint: guess(name, offer.networks.map(\.name)))
      }
    }
    return result
  }

  private static func resolved(_ network: OfferedNetwork) -> ResolvedNetwork {
    ResolvedNetwork(id: network.id, hasPortSecurity: network.hasPortSecurity)
  }

  private func securityGroups(_ want: MachineWant, _ findings: inout Findings) -> [String]? {
    guard let names = want.securityGroups else { return nil }
    var groups: [SecurityRules] = []
    for name in names {
      let found = offer.securityGroups.filter { $0.id == name || $0.name == name }
      if found.count > 1 {
        findings.add(
          want, "security-group", "\(found.count) security groups are called `\(name)`",
          hint: "take one by its id: \(found.map(\.id).sorted().joined(separator: ", "))")
      } else if let group = found.first {
        groups.append(group)
      } else {
        findings.add(
          want, "security-group", "no security group called `\(name)`",
          hint: guess(name, offer.securityGroups.map(\.name)))
      }
    }
    if groups.count == names.count, !groups.contains(where: \.admitsSSH) {
      findings.add(
        want, "security-group", "no rule of \(names.map { "`\($0)`" }.joined(separator: ", ")) lets SSH in",
        hint: "add a rule for TCP port 22, or leave `security-group` out: the cluster then makes a group of its own")
    }
    let ids = groups.map(\.id)
    if groups.count == names.count, let port = want.overlayPort,
      !groups.contains(where: { $0.admits(udp: port, fromMembersOf: ids) })
    {
      findings.add(
        want, "security-group",
        "no rule of \(names.map { "`\($0)`" }.joined(separator: ", ")) lets the overlay's UDP port \(port) in",
        hint:
          "add a rule for UDP port \(port) from the servers' own group, or leave `security-group` out: the cluster then "
          + "makes a group of its own")
    }
    return ids
  }

  private func floatingNetwork(_ want: MachineWant, _ findings: inout Findings) -> String? {
    guard let wanted = want.floating, wanted != "no" else { return nil }
    let external = offer.networks.filter(\.isExternal)
    if wanted == "yes" {
      if external.count == 1 { return external[0].id }
      findings.add(
        want, "floating", external.isEmpty ? "there is no external network" : "there are several external networks",
        hint: external.isEmpty ? nil : "set `floating=NAME`: \(some(external.map(\.name)))")
      return nil
    }
    if let network = external.first(where: { $0.name == wanted || $0.id == wanted }) { return network.id }
    findings.add(
      want, "floating", "no external network called `\(wanted)`", hint: guess(wanted, external.map(\.name)))
    return nil
  }

  private func volume(_ want: MachineWant, _ image: OfferedImage?, _ findings: inout Findings) -> Int? {
    guard let text = want.volume else { return nil }
    guard let size = Int(text), size > 0 else {
      findings.add(want, "volume", "`volume=\(text)` is no size", hint: "give GiB: `volume=40`")
      return nil
    }
    if let image, image.minDisk > size {
      findings.add(
        want, "volume", "a volume of \(size) GiB is too small for image `\(image.name)`, which needs \(image.minDisk)")
    }
    return size
  }

  private func checkSpread(_ want: MachineWant, _ findings: inout Findings) {
    guard let spread = want.spread, !["hard", "soft"].contains(spread.policy) else { return }
    findings.add(
      want, "spread", "`spread=\(spread.policy)` is neither `hard` nor `soft`",
      hint: "hard: never two of the group on one host; soft: where it can be")
  }

  private func keyPair(_ want: MachineWant, _ findings: inout Findings) -> ResolvedKeyPair? {
    guard let name = want.keyPair else { return nil }
    guard let key = offer.keyPairs[name] ?? nil else {
      findings.add(
        want, "key_pair", "no key pair called `\(name)`",
        hint:
          "a key pair belongs to a user: `openstack keypair list` shows those of this login; without `key_pair` the cluster "
          + "makes one of its own")
      return nil
    }
    return ResolvedKeyPair(name: name, publicKey: key)
  }

  // MARK: - Words

  private static func list(_ text: String?) -> [String] {
    (text ?? "").split { $0 == "," || $0.isWhitespace }.map(String.init)
  }

  private func guess(_ name: String, _ names: [String]) -> String? {
    if let near = Self.near(name, names) { return "did you mean `\(near)`?" }
    return names.isEmpty ? nil : "there are \(some(names))"
  }

  private static func near(_ name: String, _ names: [String]) -> String? {
    var nearest = NearestName()
    return nearest.near(name, among: names).first
  }

  /// A few of them.
  private func some(_ names: [String]) -> String {
    let shown = Set(names).sorted().prefix(12).map { "`\($0)`" }
    let rest = Set(names).count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}

/// Versions as people count them: `9` before `10`, `22.04` before `24.04`. Pure.
enum VersionOrder {
  static func isBefore(_ a: String, _ b: String) -> Bool {
    let (x, y) = (parts(a), parts(b))
    for (left, right) in zip(x, y) where left != right {
      if let left = Int(left), let right = Int(right) { return left < right }
      return left < right
    }
    return x.count < y.count
  }

  private static func parts(_ text: String) -> [Substring] { text.split { $0 == "." || $0 == "-" } }
}

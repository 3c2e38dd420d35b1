import Synchronization

/// Reads what a cloud offers, and keeps it for a minute: all servers of a build ask for the same.
final class OfferReader: Sendable {
  private let api: OpenStackAPI
  private let turns = Turns()
  private let kept = Mutex<[Set<ImageQuery>: Kept]>([:])
  private let keptQuota = Mutex<(quota: Quota, at: ContinuousClock.Instant)?>(nil)

  private struct Kept {
    var offer: Offer
    var needs: Needs
    var at: ContinuousClock.Instant
  }

  /// What isn't asked for unless somebody wants it.
  private struct Needs: OptionSet {
    let rawValue: Int
    static let groups = Needs(rawValue: 1)
    static let zones = Needs(rawValue: 2)

    init(rawValue: Int) { self.rawValue = rawValue }

    init(_ wants: [MachineWant]) {
      self = []
      if wants.contains(where: { $0.securityGroups != nil }) { insert(.groups) }
      if wants.contains(where: { $0.zone != nil }) { insert(.zones) }
    }
  }

  private static let freshness = Duration.seconds(60)

  init(_ api: OpenStackAPI) { self.api = api }

  func offer(for wants: [MachineWant]) async throws(CloudError) -> Offer {
    let queries = Set(wants.map { ImageQuery($0.image) })
    let needs = Needs(wants)
    let keyPairs = Set(wants.compactMap(\.keyPair))
    return try await turns.run("offer") { () async throws(CloudError) -> Offer in
      if let offer = self.recent(queries, needs), keyPairs.isSubset(of: offer.keyPairs.keys) { return offer }
      var offer = try await self.read(queries, needs)
      if !keyPairs.isEmpty {
        let known = try await self.publicKeys()
        for name in keyPairs { offer.keyPairs[name] = .some(known[name]) }
      }
      self.kept.withLock { $0[queries] = Kept(offer: offer, needs: needs, at: .now) }
      return offer
    }
  }

  func quota() async throws(CloudError) -> Quota {
    try await turns.run("quota") { () async throws(CloudError) -> Quota in
      if let known = self.keptQuota.withLock({ $0 }), ContinuousClock.now - known.at < Self.freshness {
        return known.quota
      }
      let quota = try await self.readQuota()
      self.keptQuota.withLock { $0 = (quota, .now) }
      return quota
    }
  }

  private func readQuota() async throws(CloudError) -> Quota {
    let nova = try await api.nova("read the quota", "GET", "/limits")
    guard let project = try await api.client.tokens.token().project else { return Quota(nova: nova, neutron: nil) }
    do throws(CloudError) {
      let neutron = try await api.neutron("read the quota", "GET", "/quotas/\(project.id)/details.json")
      return Quota(nova: nova, neutron: neutron)
    } catch {
      // Not every cloud tells it, and not everybody may ask.
      guard [.notFound, .forbidden].contains(error.code) else { throw error }
      return Quota(nova: nova, neutron: nil)
    }
  }

  /// One that was read for at least these names a short time ago.
  private func recent(_ queries: Set<ImageQuery>, _ needs: Needs) -> Offer? {
    kept.withLock { kept in
      kept.first { known, value in
        known.isSuperset(of: queries) && value.needs.isSuperset(of: needs)
          && ContinuousClock.now - value.at < Self.freshness
      }?.value.offer
    }
  }

  private func read(_ queries: Set<ImageQuery>, _ needs: Needs) async throws(CloudError) -> Offer {
    var offer = Offer()
    for query in queries { offer.images[query.text] = try await images(query) }
    if offer.images.values.contains(where: \.isEmpty) {
      offer.imageNames = try await api.client.list("list images", .image, "/images", "images")
        .compactMap { $0["name"]?.string }
    }
    offer.flavors = try await flavors()
    if needs.contains(.zones) { offer.zones = try await zones() }
    offer.networks = try await networks()
    if needs.contains(.groups) {
      let project = try await api.client.tokens.token().project?.id ?? ""
      offer.securityGroups = try await api.neutronList(
        "list security groups", "/security-groups", "security_groups", query: [QueryItem("project_id", project)]
      ).map { SecurityRules($0) }
    }
    return offer
  }

  /// All that there is, whatever a layout says.
  func menu() async throws(CloudError) -> CloudMenu {
    try CloudMenu(
      images: try await list([]), flavors: try await flavors(), networks: try await networks(),
      zones: try await zones(), keyPairs: try await publicKeys().keys.sorted())
  }

  private func flavors() async throws(CloudError) -> [OfferedFlavor] {
    try await api.novaList("list flavors", "/flavors/detail", "flavors").compactMap { OfferedFlavor($0) }
  }

  private func networks() async throws(CloudError) -> [OfferedNetwork] {
    try await api.neutronList("list networks", "/networks", "networks").compactMap { OfferedNetwork($0) }
  }

  private func zones() async throws(CloudError) -> [String] {
    let zones = try await api.nova("list availability zones", "GET", "/os-availability-zone")
    return (zones["availabilityZoneInfo"]?.array ?? []).compactMap { zone in
      zone["zoneState"]?["available"]?.bool == false ? nil : zone["zoneName"]?.string
    }
  }

  /// Of the user's key pairs, by name.
  private func publicKeys() async throws(CloudError) -> [String: String] {
    var keys: [String: String] = [:]
    for entry in try await api.novaList("list key pairs", "/os-keypairs", "keypairs") {
      guard let name = entry["keypair"]?["name"]?.string, let text = entry["keypair"]?["public_key"]?.string else {
        continue
      }
      keys[name] = text.split(whereSeparator: \.isNewline).first.map(String.init)
    }
    return keys
  }

  private func images(_ query: ImageQuery) async throws(CloudError) -> [OfferedImage] {
    switch query {
    case .id(let id):
      do throws(CloudError) {
        let json = try await api.client.json("look at image `\(id)`", .image, "GET", "/images/\(id)")
        return OfferedImage(json).map { [$0] } ?? []
      } catch {
        guard error.code == .notFound else { throw error }
        return []
      }
    case .name(let name):
      return try await list([QueryItem("name", name)])
    case .properties(let properties):
      return try await list(properties.sorted { $0.key < $1.key }.map { QueryItem($0.key, $0.value) })
    }
  }

  private func list(_ query: [QueryItem]) async throws(CloudError) -> [OfferedImage] {
    // A snapshot has the properties of the image below it, and would be the newest of them.
    try await api.client.list("list images", .image, "/images", "images", query: query)
      .filter { $0[ClusterMark.setKey] == nil }.compactMap { OfferedImage($0) }
  }
}

/// How a layout names an image. Pure.
enum ImageQuery: Sendable, Hashable {
  case name(String)
  case id(String)
  /// `os_distro=debian,os_version=12`, with commas or spaces between.
  case properties([String: String])

  init(_ text: String) {
    let words = text.split { $0 == "," || $0.isWhitespace }.map { $0.split(separator: "=", maxSplits: 1) }
    if text.contains("="), words.allSatisfy({ $0.count == 2 }) {
      self = .properties(Dictionary(words.map { (String($0[0]), String($0[1])) }) { _, last in last })
    } else if Self.isID(text) {
      self = .id(text)
    } else {
      self = .name(text)
    }
  }

  /// In one spelling.
  var text: String {
    switch self {
    case .name(let text), .id(let text): text
    case .properties(let properties):
      properties.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
  }

  /// 8-4-4-4-12 hexadecimal digits.
  private static func isID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
  }
}

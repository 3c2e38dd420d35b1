import StackMake

/// Lays everything that is written about one cloud over each other: profile, the cloud's own, its region, the environment.
struct CloudLayers {
  let clouds: CloudList
  let places: ConfigPlaces
  let environment: [String: String]
  let cloud: String

  /// Variables that count for a cloud of clouds.yaml too, as they do for `openstack`.
  private static let always = ["OS_INTERFACE", "OS_CACERT", "OS_CERT", "OS_KEY"]
  /// Variables that fill in what a cloud of clouds.yaml leaves out: so no file needs to hold a secret.
  private static let secrets = ["OS_PASSWORD", "OS_TOKEN", "OS_APPLICATION_CREDENTIAL_SECRET"]

  /// Values by their keys, with `auth` a map of its own.
  func merged() throws(CloudConfigError) -> [String: ConfigNode] {
    let node = clouds.clouds[cloud]?.normalized ?? ConfigNode(.map([:]), .standard)
    guard let own = node.map else {
      throw CloudConfigError(at: node.origin.place, "cloud `\(cloud)` has no settings", hint: "see docs/openstack.md")
    }
    let profile = try profile(of: own)
    var merged = Self.laid(own, over: profile)
    let region = try region(own, profile)
    merged = Self.laid(region.values, over: merged)
    merged["region_name"] = region.name
    merged["regions"] = nil
    if cloud != clouds.environmentName { addEnvironment(to: &merged) }
    return merged
  }

  /// As `merging`, but `auth` is merged by its keys, not replaced.
  private static func laid(_ above: [String: ConfigNode], over below: [String: ConfigNode]) -> [String: ConfigNode] {
    below.merging(above) { old, new in
      guard let oldMap = old.map, let newMap = new.map, newMap["auth"] == nil else { return new }
      return ConfigNode(.map(oldMap.merging(newMap) { $1 }), new.origin)
    }
  }

  private func addEnvironment(to merged: inout [String: ConfigNode]) {
    for name in Self.always {
      guard let value = environment[name], !value.isEmpty else { continue }
      let key = name.dropFirst("OS_".count).lowercased()
      merged[key] = ConfigNode(.text(value), .environment(name))
      if key == "interface" { merged["endpoint_type"] = nil }
    }
    for name in Self.secrets {
      guard let value = environment[name], !value.isEmpty else { continue }
      let key = name.dropFirst("OS_".count).lowercased()
      let isWritten = [merged[key], merged["auth"]?.map?[key]].contains { $0?.text.map { !$0.isEmpty } ?? false }
      if !isWritten { merged[key] = ConfigNode(.text(value), .environment(name)) }
    }
  }

  // MARK: - Profiles

  /// The settings of clouds-public.yaml that the cloud builds on. `cloud` is what `profile` was called.
  private func profile(of own: [String: ConfigNode]) throws(CloudConfigError) -> [String: ConfigNode] {
    guard let node = own["profile"] ?? own["cloud"], let name = node.text, !name.isEmpty,
      name != clouds.environmentName
    else { return [:] }
    let file = try places.first("clouds-public", override: nil)
    let known = file?.root.map?["public-clouds"]?.map ?? [:]
    if let profile = known[name]?.normalized.map { return profile }
    let message = "cloud `\(cloud)` builds on profile `\(name)`"
    if name.contains("://") {
      throw CloudConfigError(
        at: node.origin.place, "\(message), an address: profiles aren't fetched",
        hint: "write the profile's values into the cloud itself, or into a clouds-public.yaml")
    }
    var nearest = NearestName()
    let near = nearest.near(name, among: known.keys.sorted()).first
    let looked = file.map { "\($0.path) doesn't have it" } ?? "no " + places.told("clouds-public", override: nil)
    throw CloudConfigError(
      at: node.origin.place, "\(message), which isn't known: \(looked)",
      hint: near.map { "did you mean `\($0)`?" }
        ?? "profiles that come with openstacksdk aren't here: write `auth_url` and the rest into the cloud itself")
  }

  // MARK: - Regions

  private struct Region {
    var name: ConfigNode?
    var values: [String: ConfigNode]
  }

  /// The region that OS_REGION_NAME says, or the first; an error where the cloud doesn't list it.
  private func region(
    _ own: [String: ConfigNode], _ profile: [String: ConfigNode]
  ) throws(CloudConfigError) -> Region {
    let known = try regions(own, profile)
    var wanted: ConfigNode?
    if let name = environment["OS_REGION_NAME"], !name.isEmpty {
      wanted = ConfigNode(.text(name), .environment("OS_REGION_NAME"))
    }
    guard let wanted, let name = wanted.text, cloud != clouds.environmentName else {
      return known.first ?? Region(name: wanted, values: [:])
    }
    if known.isEmpty { return Region(name: wanted, values: [:]) }
    if let region = known.first(where: { $0.name?.text == name }) {
      return Region(name: wanted, values: region.values)
    }
    let names = known.compactMap { $0.name?.text }
    var nearest = NearestName()
    throw CloudConfigError(
      at: wanted.origin.description,
      "cloud `\(cloud)` has no region `\(name)`; there \(names.count == 1 ? "is" : "are") "
        + names.map { "`\($0)`" }.joined(separator: ", "),
      hint: nearest.near(name, among: names).first.map { "did you mean `\($0)`?" } ?? "unset OS_REGION_NAME")
  }

  private func regions(
    _ own: [String: ConfigNode], _ profile: [String: ConfigNode]
  ) throws(CloudConfigError) -> [Region] {
    if let node = own["regions"], !node.isNull { return try listed(node) }
    if let node = own["region_name"], !node.isNull { return try named(node) }
    if let node = profile["regions"], !node.isNull { return try listed(node) }
    return try profile["region_name"].map(named) ?? []
  }

  private func listed(_ node: ConfigNode) throws(CloudConfigError) -> [Region] {
    guard case .list(let list) = node.content else {
      throw CloudConfigError(at: node.origin.place, "`regions` isn't a list", hint: "write `regions: [NAME, NAME]`")
    }
    var regions: [Region] = []
    for item in list {
      if let map = item.map {
        guard let name = map["name"], name.text != nil else {
          throw CloudConfigError(at: item.origin.place, "a region without `name`")
        }
        regions.append(Region(name: name, values: map["values"]?.map ?? [:]))
      } else if item.text != nil {
        regions.append(Region(name: item, values: [:]))
      }
    }
    return regions
  }

  /// One name, or several with commas.
  private func named(_ node: ConfigNode) throws(CloudConfigError) -> [Region] {
    if case .list = node.content { return try listed(node) }
    guard let text = node.text, !text.isEmpty else { return [] }
    return text.split(separator: ",").map {
      Region(name: ConfigNode(.text(String($0)), node.origin), values: [:])
    }
  }
}

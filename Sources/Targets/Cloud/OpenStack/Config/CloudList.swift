import StackMake

/// Every cloud that is written down: those of clouds.yaml with secure.yaml over it, and that of the OS_* variables.
struct CloudList {
  /// By name, as they are written.
  private(set) var clouds: [String: ConfigNode] = [:]
  /// What the OS_* variables make a cloud of is called; `envvars` unless OS_CLOUD_NAME says otherwise.
  let environmentName: String
  /// The variables that say more than which cloud to take.
  let variables: [String]
  private let environment: [String: String]
  private let places: ConfigPlaces
  private let file: String?

  struct Choice {
    var name: String
    var origin: ConfigOrigin
  }

  private static let override = "OS_CLIENT_CONFIG_FILE"
  /// These choose; alone they describe no cloud.
  private static let selectors = [
    "OS_CLOUD", "OS_REGION_NAME", override, "OS_CLIENT_SECURE_FILE", "OS_CLOUD_NAME",
  ]
  /// Not about a cloud at all.
  private static let strangers = ["OS_TEST", "OS_STD", "OS_LOG"]

  init(_ places: ConfigPlaces, _ environment: [String: String]) throws(CloudConfigError) {
    self.places = places
    self.environment = environment
    environmentName = environment["OS_CLOUD_NAME"] ?? "envvars"
    let names = environment.keys.filter { name in
      name.hasPrefix("OS_") && !Self.strangers.contains { name.hasPrefix($0) }
    }.sorted()
    variables = names.filter { !Self.selectors.contains($0) }

    let file = try places.first("clouds", override: environment[Self.override])
    let secure = try places.first("secure", override: environment["OS_CLIENT_SECURE_FILE"])
    self.file = file?.path ?? secure?.path
    var root = file?.root ?? secure?.root
    if let file, let secure { root = file.root.merged(with: secure.root) }
    if let node = root?.map?["clouds"], !node.isNull {
      guard let map = node.map else {
        throw CloudConfigError(at: node.origin.place, "`clouds` isn't a map of names", hint: "see docs/openstack.md")
      }
      clouds = map
    }
    if let node = clouds[environmentName] {
      throw CloudConfigError(
        at: node.origin.place, "a cloud called `\(environmentName)`, which is what the OS_* variables are called",
        hint: "rename it, or set OS_CLOUD_NAME to another name")
    }
    if !variables.isEmpty {
      var map: [String: ConfigNode] = [:]
      for name in names {
        map[name.dropFirst("OS_".count).lowercased()] = ConfigNode(.text(environment[name] ?? ""), .environment(name))
      }
      clouds[environmentName] = ConfigNode(.map(map), .environment(variables[0]))
    }
  }

  /// Which cloud is taken: the one named, OS_CLOUD's, that of the variables, the only one.
  ///
  /// - Parameter origin: what names the cloud `name`.
  func choose(_ name: String?, by origin: ConfigOrigin) throws(CloudConfigError) -> Choice {
    if let name { return try named(Choice(name: name, origin: origin)) }
    if let name = environment["OS_CLOUD"], !name.isEmpty {
      return try named(Choice(name: name, origin: .environment("OS_CLOUD")))
    }
    if let first = variables.first { return Choice(name: environmentName, origin: .environment(first)) }
    if clouds.count == 1, let only = clouds.first { return Choice(name: only.key, origin: only.value.origin) }
    if clouds.isEmpty {
      throw CloudConfigError(
        "no cloud is written down: \(file.map { "\($0) has none" } ?? "no \(looked)")",
        hint: "make a clouds.yaml (the cloud's dashboard offers one), or set OS_AUTH_URL and the other OS_* variables")
    }
    throw CloudConfigError(
      at: file, "several clouds and none is named: \(list)", hint: "name one by `cloud = NAME` or OS_CLOUD")
  }

  private func named(_ choice: Choice) throws(CloudConfigError) -> Choice {
    if clouds[choice.name] != nil { return choice }
    var nearest = NearestName()
    let near = nearest.near(choice.name, among: clouds.keys.sorted()).first
    let message = "no cloud called `\(choice.name)`, which \(choice.origin) names"
    guard let file else {
      throw CloudConfigError("\(message): no \(looked)", hint: near.map { "did you mean `\($0)`?" } ?? Self.make)
    }
    throw CloudConfigError(
      at: file,
      clouds.isEmpty ? "\(message); there is none" : "\(message); there \(clouds.count == 1 ? "is" : "are") \(list)",
      hint: near.map { "did you mean `\($0)`?" } ?? "name one that is there, or write it down in this file")
  }

  private static let make = "make a clouds.yaml (the cloud's dashboard offers one) in one of these places"
  private var looked: String { places.told("clouds", override: environment[Self.override]) }
  private var list: String { clouds.keys.sorted().map { "`\($0)`" }.joined(separator: ", ") }
}

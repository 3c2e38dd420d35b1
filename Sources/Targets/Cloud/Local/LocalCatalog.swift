import StackMake

/// What this host offers by name: images, flavors, one zone and one network.
struct LocalCatalog: Sendable, Hashable {
  static let zone = "local"
  static let network = "local"
  static let defaultImage = "debian-12"
  static let defaultFlavor = "m1.small"

  /// Debian releases by the names that images have; the id of an image is its name and the format of its recipe.
  static let suites = ["debian-11": "bullseye", "debian-12": "bookworm", "debian-13": "trixie"]

  /// Memory limits in MiB.
  static let flavors = ["m1.tiny": 512, "m1.small": 2048, "m1.medium": 4096, "m1.large": 8192]

  static let menu = CloudMenu(
    images: suites.keys.sorted().map { CloudMenu.Image(name: $0, distro: ImageDistro(name: $0)) },
    usualImage: defaultImage,
    flavors: flavors.sorted { $0.value < $1.value }.map { CloudMenu.Flavor(name: $0.key, memory: $0.value) })

  /// What there is to give out, and what is given out already.
  struct Capacity: Sendable, Hashable {
    var maximumMachines: Int
    var maximumMemory: Int
    /// Of the machines that stand, by server: the memory limit in MiB.
    var standing: [Standing]

    struct Standing: Sendable, Hashable {
      var server: String
      var memory: Int
    }
  }

  var mirrors: DebianMirrors

  func recipe(_ image: String) -> ImageRecipe? {
    Self.suites[image].map { ImageRecipe(image: image, suite: $0, mirrors: mirrors) }
  }

  /// Every want that has no problem, and every problem. Pure.
  func resolve(_ wants: [MachineWant], missing: Set<String>, _ capacity: Capacity) -> CloudResolution {
    var problems: [CloudProblem] = []
    var resolved: [ResolvedMachine] = []
    var nearest = NearestName()
    func check(_ setting: String, _ offered: [String], _ value: (MachineWant) -> String) {
      let unknown = Dictionary(grouping: wants.filter { !offered.contains(value($0)) }, by: value)
      for (name, wants) in unknown.sorted(by: { $0.key < $1.key }) {
        let near = nearest.near(name, among: offered).first
        problems.append(
          CloudProblem(
            servers: wants.map(\.name), setting: setting,
            message: "no \(setting) called `\(name)` on this host; there \(offered.count == 1 ? "is" : "are") "
              + offered.map { "`\($0)`" }.joined(separator: ", "),
            hint: near.map { "did you mean `\($0)`?" }))
      }
    }
    let flavors = Self.flavors.sorted { $0.value < $1.value }.map(\.key)
    check("image", Self.suites.keys.sorted(), Self.image)
    check("flavor", flavors, Self.flavor)
    check("zone", [Self.zone]) { $0.zone ?? Self.zone }
    check("network", [Self.network]) { $0.network ?? Self.network }
    for want in wants where !problems.contains(where: { $0.servers.contains(want.name) }) {
      guard let recipe = recipe(Self.image(want)) else { continue }
      resolved.append(
        ResolvedMachine(
          name: want.name, imageID: recipe.id, imageChecksum: recipe.checksum, flavorID: Self.flavor(want),
          zones: [Self.zone], network: ResolvedNetwork(id: Self.network, hasPortSecurity: false)))
    }
    return CloudResolution(
      resolved: resolved, problems: problems + Self.quota(wants.filter { missing.contains($0.name) }, capacity),
      notes: Self.meaningless(wants))
  }

  /// A Stackfile that is made for OpenStack builds here, too: what this host can't give is said.
  private static func meaningless(_ wants: [MachineWant]) -> [String] {
    let asked: [(String, (MachineWant) -> Bool)] = [
      ("security-group", { $0.securityGroups != nil }), ("volume", { $0.volume != nil }),
      ("floating", { $0.floating != nil }), ("spread", { $0.spread != nil }),
      ("key_pair", { $0.keyPair != nil }),
    ]
    return asked.filter { _, isAsked in wants.contains(where: isAsked) }
      .map { name, _ in "`\(name)` means nothing on this host, and is left out" }
  }

  /// What is still missing has to fit beside what stands.
  private static func quota(_ missing: [MachineWant], _ capacity: Capacity) -> [CloudProblem] {
    guard !missing.isEmpty else { return [] }
    return problems(adding: missing.map { ($0.name, flavors[flavor($0)] ?? 0) }, to: capacity)
  }

  /// Why these machines don't fit beside those that stand; empty where they do.
  static func problems(adding machines: [(server: String, memory: Int)], to capacity: Capacity) -> [CloudProblem] {
    var problems: [CloudProblem] = []
    let count = capacity.standing.count + machines.count
    if count > capacity.maximumMachines {
      problems.append(
        CloudProblem(
          servers: machines.map(\.server), setting: "quota",
          message: "\(count) machines are more than this host takes (\(capacity.maximumMachines); "
            + "\(capacity.standing.count) stand)",
          hint: "delete machines of other clusters, or ask for fewer"))
    }
    let used = capacity.standing.reduce(0) { $0 + $1.memory }
    let memory = used + machines.reduce(0) { $0 + $1.memory }
    if memory > capacity.maximumMemory {
      problems.append(
        CloudProblem(
          servers: machines.map(\.server), setting: "quota",
          message: "machines of \(memory) MiB are more than this host takes (\(capacity.maximumMemory) MiB; "
            + "\(used) MiB are given out)",
          hint: "choose smaller flavors, or delete machines of other clusters"))
    }
    return problems
  }

  private static func image(_ want: MachineWant) -> String { want.image.isEmpty ? defaultImage : want.image }
  private static func flavor(_ want: MachineWant) -> String { want.flavor.isEmpty ? defaultFlavor : want.flavor }
}

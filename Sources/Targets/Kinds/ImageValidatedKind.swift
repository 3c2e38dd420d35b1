package import StackMake
import Synchronization

/// `image-validated`: every name that the layout asks of the cloud resolves, or the build stops
/// before anything is made.
package struct ImageValidatedKind: TargetKind {
  /// Settings that are names of the cloud's, or ask for something that it may not have.
  static let settings = [
    "image", "flavor", "zone", "network", "security-group", "floating", "spread", "volume", "host", "port", "host-key",
    "key",
  ]

  private let cluster: Cluster

  package init(cluster: Cluster) { self.cluster = cluster }

  package var expectedSeconds: Double { 5 }

  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] {
    graph.places.map { place in
      let words = Self.settings.compactMap { name in place.settings[name].map { "\(name)=\($0)" } }
      return ManifestEntry("server \(place.name)", words.joined(separator: " "))
    }
  }

  package func observe(_ targets: [TargetID], in graph: Graph) async throws(StepError) -> [TargetID: Observation]? {
    let resolution = try await resolve(graph)
    var observation = Observation(values: Self.values(resolution))
    if !resolution.problems.isEmpty { observation.problem = Self.text(resolution.problems) }
    return Dictionary(uniqueKeysWithValues: targets.map { ($0, observation) })
  }

  /// The same name with a new id is told: it makes this target stale, and no server.
  package func drift(_ trace: Trace, _ observation: Observation?) -> StaleReason? {
    guard let observation else { return nil }
    if let problem = observation.problem {
      return .drift(what: "what the cloud offers", old: "all names resolved", new: problem)
    }
    for (key, old) in trace.outputs.sorted(by: { $0.key < $1.key }) {
      if let new = observation.values[key], new != old { return .drift(what: key, old: old, new: new) }
    }
    return nil
  }

  package func decide(_ situation: Situation) -> Decision { .run([.act("validate")]) }

  package func predict(_ situation: Situation) -> [String: String]? { situation.observation?.values }

  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {
    let resolution = try await resolve(build.graph)
    guard resolution.problems.isEmpty else {
      let hints = Set(resolution.problems.compactMap(\.hint)).sorted()
      throw StepError(
        operation: "validate what the layout asks for", subject: build.name, cause: Self.text(resolution.problems),
        hint: hints.isEmpty ? nil : hints.joined(separator: "; "))
    }
    for note in resolution.notes { build.note(note) }
    build.set(Self.values(resolution))
  }

  package func outputs(_ build: TargetBuild) -> [String: String] { build.outputs }

  private func resolve(_ graph: Graph) async throws(StepError) -> CloudResolution {
    let standing = Set(try await cluster.machines().map(\.tag.server))
    let wants = graph.machineWants
    var resolution: CloudResolution
    do throws(CloudError) {
      resolution = try await cluster.cloud.resolve(wants, missing: Set(wants.map(\.name)).subtracting(standing))
    } catch {
      throw StepError(error, subject: "image-validated")
    }
    resolution.problems += OverlaySettings.problems(in: graph)
    // What is on a server that exists already its owner knows.
    guard !cluster.cloud.keepsMachines else { return resolution }
    let check = DevStackCheck(graph, resolution.resolved)
    resolution.problems += check.problems + keyPairProblems(resolution.resolved)
    resolution.notes += check.notes
    return resolution
  }

  /// Servers would boot, and let nobody of ours in.
  private func keyPairProblems(_ machines: [ResolvedMachine]) -> [CloudProblem] {
    guard let own = cluster.authorizedKeys.first else { return [] }
    let shut = machines.filter { $0.keyPair.map { !SSHKeyPair.isSame($0.publicKey, own) } ?? false }
    guard let pair = shut.first?.keyPair else { return [] }
    return [
      CloudProblem(
        servers: shut.map(\.name), setting: "key_pair",
        message: "key pair `\(pair.name)` holds another key than `ssh_key`: servers wouldn't let stackmake in",
        hint: "`ssh_key` is to be the private key of `\(pair.name)`")
    ]
  }

  private static func values(_ resolution: CloudResolution) -> [String: String] {
    var values: [String: String] = [:]
    for machine in resolution.resolved {
      values["image of \(machine.name)"] = "\(machine.imageID) \(machine.imageChecksum)"
      values["flavor of \(machine.name)"] = machine.flavorID
      if !machine.zones.isEmpty { values["zone of \(machine.name)"] = machine.zones.joined(separator: ",") }
      values["network of \(machine.name)"] =
        ([machine.network] + machine.extraNetworks).map(\.id).joined(separator: ",")
      if let groups = machine.securityGroupIDs {
        values["security groups of \(machine.name)"] = groups.joined(separator: ",")
      }
      if let pair = machine.keyPair { values["key pair of \(machine.name)"] = "\(pair.name) \(pair.publicKey)" }
      if let network = machine.floatingNetworkID { values["floating network of \(machine.name)"] = network }
    }
    return values
  }

  private static func text(_ problems: [CloudProblem]) -> String {
    problems.map { problem in
      problem.servers.isEmpty ? problem.message : "\(problem.message) (\(problem.servers.joined(separator: ", ")))"
    }.joined(separator: "\n    ")
  }
}

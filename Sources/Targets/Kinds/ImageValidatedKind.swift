package import StackMake
import Synchronization

/// `image-validated`: every name that the layout asks of the cloud resolves, or the build stops
/// before anything is made.
package struct ImageValidatedKind: TargetKind {
  private let cloud: any Cloud

  package init(cloud: any Cloud) { self.cloud = cloud }

  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] {
    graph.places.map { place in
      let want = MachineWant(place)
      let words = [
        "image=\(want.image)", "flavor=\(want.flavor)", want.zone.map { "zone=\($0)" },
        want.network.map { "network=\($0)" },
      ]
      return ManifestEntry("server \(place.name)", words.compactMap(\.self).joined(separator: " "))
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
    build.set(Self.values(resolution))
  }

  package func outputs(_ build: TargetBuild) -> [String: String] { build.outputs }

  private func resolve(_ graph: Graph) async throws(StepError) -> CloudResolution {
    do throws(CloudError) {
      return try await cloud.resolve(graph.machineWants)
    } catch {
      throw StepError(error, subject: "image-validated")
    }
  }

  private static func values(_ resolution: CloudResolution) -> [String: String] {
    var values: [String: String] = [:]
    for machine in resolution.resolved {
      values["image of \(machine.name)"] = "\(machine.imageID) \(machine.imageChecksum)"
      values["flavor of \(machine.name)"] = machine.flavorID
      values["zone of \(machine.name)"] = machine.zone
      values["network of \(machine.name)"] = machine.networkID
    }
    return values
  }

  private static func text(_ problems: [CloudProblem]) -> String {
    problems.map { problem in
      problem.servers.isEmpty ? problem.message : "\(problem.message) (\(problem.servers.joined(separator: ", ")))"
    }.joined(separator: "\n    ")
  }
}

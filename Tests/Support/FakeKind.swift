package import StackMake
import Synchronization

/// A kind whose targets give what a test says, or else the digest of what went in.
package final class FakeKind: TargetKind {
  private struct State {
    var outputs: [String: [String: String]] = [:]
    var world: [String: Observation]?
    var observed = 0
  }
  private let state = Mutex(State())

  package init() {}

  /// What the target gives from its next build on.
  package func give(_ outputs: [String: String], of target: String) { state.withLock { $0.outputs[target] = outputs } }
  /// What is seen of targets, by name; nil where nothing is looked at.
  package func show(_ world: [String: Observation]?) { state.withLock { $0.world = world } }
  package var observed: Int { state.withLock { $0.observed } }

  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] {
    guard let place = graph.place(target), graph.target(of: place) == target else { return [] }
    return graph[place].settings.sorted { $0.key < $1.key }.map { ManifestEntry("setting \($0.key)", $0.value) }
  }

  package func observe(_ targets: [TargetID], in graph: Graph) async throws(StepError) -> [TargetID: Observation]? {
    let world = state.withLock { state in
      state.observed += 1
      return state.world
    }
    guard let world else { return nil }
    var seen: [TargetID: Observation] = [:]
    for target in targets { seen[target] = world[graph.name(target)] }
    return seen
  }

  package func drift(_ trace: Trace, _ observation: Observation?) -> StaleReason? {
    guard let observation else { return .drift(what: "thing", old: trace.outputs["id"] ?? "", new: "") }
    return observation.problem.map { .drift(what: "state", old: "fine", new: $0) }
  }

  package func predict(_ situation: Situation) -> [String: String]? {
    state.withLock { $0.outputs[situation.name] } ?? ["inputs": situation.manifest.fingerprint.short]
  }

  package func outputs(_ build: TargetBuild) -> [String: String] { predict(build.situation)! }
}

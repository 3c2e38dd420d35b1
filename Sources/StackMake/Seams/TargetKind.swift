/// What the engine must know of one sort of target. Everything particular to the sort is in its kind.
package protocol TargetKind: Sendable {
  /// The target's own attributes that identify its result (settings of a server), in a fixed order.
  func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry]

  /// Whether an output of a dependency, by its key, makes the target stale when it changes.
  func heeds(_ key: String, of dependency: TargetID, in graph: Graph) -> Bool

  /// Reads what is there of these targets, all at once, and changes nothing. A target that isn't in the
  /// answer doesn't exist. Nil: this kind has nothing to look at.
  func observe(_ targets: [TargetID], in graph: Graph) async throws(StepError) -> [TargetID: Observation]?

  /// How the world differs from what the trace recorded. Pure.
  func drift(_ trace: Trace, _ observation: Observation?) -> StaleReason?

  /// What is to be done for a target that is stale, or why nothing may be. Pure.
  func decide(_ situation: Situation) -> Decision

  /// The outputs that the target will have once `situation` is carried out, where they can be
  /// told before; nil where only building tells. Pure.
  func predict(_ situation: Situation) -> [String: String]?

  /// Whether `predict` needs no value of a dependency: then it is asked also where they aren't known yet.
  var predictsFromGraph: Bool { get }

  /// Carries out one action that isn't a step of the recipe. Safe to repeat.
  func apply(_ action: String, _ build: TargetBuild) async throws(StepError)

  /// The outputs after everything was carried out.
  func outputs(_ build: TargetBuild) -> [String: String]

  /// Seconds that a target takes about, where none was ever built: only for who goes first.
  var expectedSeconds: Double { get }
}

/// What a kind saw of a target in the world.
package struct Observation: Hashable, Sendable {
  /// Values by name, comparable with the trace's outputs.
  package var values: [String: String]
  /// In a person's words, where it isn't as it should be: `stopped`, `ERROR: no valid host`.
  package var problem: String?

  package init(values: [String: String], problem: String? = nil) {
    self.values = values
    self.problem = problem
  }
}

/// Everything that a decision about a target is made from.
package struct Situation: Sendable {
  package var target: TargetID
  package var graph: Graph
  package var manifest: Manifest
  package var trace: Trace?
  package var progress: [StepRecord]
  package var observation: Observation?
  package var reasons: [StaleReason]
  package var isForced: Bool
  /// Whether the world was looked at: where it wasn't (`--no-refresh`), no observation says nothing.
  package var isObserved: Bool

  package init(
    target: TargetID, graph: Graph, manifest: Manifest, trace: Trace?, progress: [StepRecord],
    observation: Observation?, reasons: [StaleReason], isForced: Bool, isObserved: Bool = true
  ) {
    self.target = target
    self.graph = graph
    self.manifest = manifest
    self.trace = trace
    self.progress = progress
    self.observation = observation
    self.reasons = reasons
    self.isForced = isForced
    self.isObserved = isObserved
  }

  package var name: String { graph.name(target) }
}

package enum Decision: Hashable, Sendable {
  case run([Action])
  case locked(StepError)
}

/// One thing to do for a target.
package enum Action: Hashable, Sendable {
  /// A step of its recipe, by number from 0.
  case step(Int)
  /// Something that its kind does, by the kind's word for it: `create`.
  case act(String)
}

extension TargetKind {
  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] { [] }
  package func heeds(_ key: String, of dependency: TargetID, in graph: Graph) -> Bool { true }
  package func observe(_ targets: [TargetID], in graph: Graph) async throws(StepError) -> [TargetID: Observation]? {
    nil
  }
  package func drift(_ trace: Trace, _ observation: Observation?) -> StaleReason? { nil }
  package func decide(_ situation: Situation) -> Decision { RecipeDecision.decide(situation) }
  package var predictsFromGraph: Bool { false }
  package var expectedSeconds: Double { 1 }
  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {
    preconditionFailure("BUG: `\(action)` is not an action of \(build.situation.name)")
  }
}

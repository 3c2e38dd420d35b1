package import StackMake

/// A target of the user's own: it runs its recipe, and what it gives is what went in; and what its last script
/// printed, where that is used.
package struct TaskKind: TargetKind {
  package init() {}

  package func decide(_ situation: Situation) -> Decision {
    let decision = RecipeDecision.decide(situation)
    guard situation.graph.resultTargets.contains(situation.target), case .run(let actions) = decision,
      let last = situation.graph.recipe(situation.target).indices.last, !actions.contains(.step(last))
    else { return decision }
    // All was done when the run before this one was cut off, and with it went what was printed.
    return .run(actions + [.step(last)])
  }

  package func predict(_ situation: Situation) -> [String: String]? {
    // What a result will be, only running tells.
    situation.graph.resultTargets.contains(situation.target) ? nil : inputs(situation)
  }

  package func outputs(_ build: TargetBuild) -> [String: String] {
    inputs(build.situation).merging(build.outputs) { own, _ in own }
  }

  private func inputs(_ situation: Situation) -> [String: String] {
    ["inputs": situation.manifest.fingerprint.short]
  }
}

package import StackMake

/// `stacked/X`: turns a server into its role, by steps of which one may run only once.
package struct StackedKind: TargetKind {
  package init() {}

  package var expectedSeconds: Double { 900 }

  package func predict(_ situation: Situation) -> [String: String]? {
    guard case .run(let actions) = RecipeDecision.decide(situation) else { return nil }
    let recipe = situation.graph.recipe(situation.target)
    let runsOnce = actions.contains { if case .step(let i) = $0 { recipe[i].isOnce } else { false } }
    guard !runsOnce, let run = situation.trace?.outputs["run"] else { return nil }
    return ["generation": generation(situation), "run": run]
  }

  package func outputs(_ build: TargetBuild) -> [String: String] {
    let earlier = build.didRunOnce ? nil : build.situation.trace?.outputs["run"]
    return ["generation": generation(build.situation), "run": earlier ?? String(build.run)]
  }

  private func generation(_ situation: Situation) -> String {
    Set(RecipeDecision.generations(of: situation, in: situation.manifest.entries)).filter { !$0.isEmpty }.sorted()
      .joined(separator: ",")
  }
}

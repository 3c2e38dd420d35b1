package import StackMake

/// A target over several servers that `clean` takes back.
package protocol Removable: TargetKind {
  /// Leaves nothing of it on the members. Safe to repeat.
  func remove(from members: Members) async throws(StepError)
}

extension Removable {
  /// What the kind does, and then the recipe.
  package func decide(_ situation: Situation) -> Decision {
    switch RecipeDecision.decide(situation) {
    case .run(let steps): .run([.act("connect")] + steps)
    case .locked(let error): .locked(error)
    }
  }

  package func outputs(_ build: TargetBuild) -> [String: String] {
    build.outputs.isEmpty ? build.situation.trace?.outputs ?? [:] : build.outputs
  }
}

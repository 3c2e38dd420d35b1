package import StackMake

/// A target of the user's own: it runs its recipe, and what it gives is what went in.
package struct TaskKind: TargetKind {
  package init() {}

  package func predict(_ situation: Situation) -> [String: String]? {
    ["inputs": situation.manifest.fingerprint.short]
  }

  package func outputs(_ build: TargetBuild) -> [String: String] { predict(build.situation)! }
}

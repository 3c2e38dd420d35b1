package import StackMake

/// `reset/X`: how the user makes a server fresh. Never stale, and never built: `clean` runs its recipe.
package struct ResetKind: TargetKind {
  package init() {}

  package func decide(_ situation: Situation) -> Decision {
    let server = situation.name.split(separator: "/").last ?? ""
    return .locked(
      StepError(
        .locked, operation: "build", subject: situation.name, cause: "it makes a server fresh, and no build runs it",
        hint: "`stackmake clean stacked/\(server)` does"))
  }

  package func predict(_ situation: Situation) -> [String: String]? { [:] }

  package func outputs(_ build: TargetBuild) -> [String: String] { [:] }
}

package import StackMake

/// `reset/X` and `leave/X`: recipes that `clean` runs, each time anew. Never stale, and never built.
package struct ErrandKind: TargetKind {
  private let purpose: String

  /// `reset/X`: how the user makes a server fresh.
  package static let reset = ErrandKind(purpose: "it makes a server fresh")
  /// `leave/X`: what the others are told before a server is given up.
  package static let leave = ErrandKind(purpose: "it is for a server that is given up")

  private init(purpose: String) { self.purpose = purpose }

  package func decide(_ situation: Situation) -> Decision {
    let server = situation.name.split(separator: "/").last ?? ""
    return .locked(
      StepError(
        .locked, operation: "build", subject: situation.name, cause: "\(purpose), and no build runs it",
        hint: "`stackmake clean stacked/\(server)` does"))
  }

  package func predict(_ situation: Situation) -> [String: String]? { [:] }

  package func outputs(_ build: TargetBuild) -> [String: String] { [:] }
}

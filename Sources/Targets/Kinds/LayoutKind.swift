package import StackMake

/// `layout`: the names and settings of every server, settled and saved.
package struct LayoutKind: TargetKind {
  package init() {}

  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] {
    graph.places.map { ManifestEntry("server \($0.name)", Self.text($0)) }
  }

  /// What names resolved to makes no server another one.
  package func heeds(_ key: String, of dependency: TargetID, in graph: Graph) -> Bool { false }

  package func decide(_ situation: Situation) -> Decision { .run([.act("settle")]) }

  package func predict(_ situation: Situation) -> [String: String]? { values(situation.graph) }

  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {}

  package func outputs(_ build: TargetBuild) -> [String: String] { values(build.graph) }

  private func values(_ graph: Graph) -> [String: String] {
    Dictionary(uniqueKeysWithValues: graph.places.map { ($0.name, Self.text($0)) })
  }

  private static func text(_ place: Place) -> String {
    place.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}

package import StackMake

/// Servers that say goodbye: before one is given up, the recipe of `leave/X` tells the others.
extension CleanPlan {
  /// What `leave/X` is called.
  package static func leaveName(_ server: String) -> String { "leave/\(server)" }

  /// Servers that lose what is on them: those that are deleted, and those that are rebuilt.
  package var givenUp: Set<String> {
    Set(deletions.filter { !$0.isStray }.map(\.machine.tag.server)).union(rebuilds.map(\.place.name))
  }

  /// The recipes to run first, by the names of their targets, sorted. One that needs another server that is given up,
  /// too, or that nothing is on record of, tells nobody anything: it is left out.
  package func leaving(in graph: Graph, recorded: Set<String>) -> [TargetID] {
    let gone = givenUp
    return gone.sorted().compactMap { server in
      guard let target = graph.target(named: Self.leaveName(server)), !graph.recipe(target).isEmpty else { return nil }
      let others = graph.recipe(target).flatMap { RecipeDecision.places(of: $0, target: target, in: graph) }
        .map { graph[$0].name }.filter { $0 != server }
      let isOfUse = others.allSatisfy { !gone.contains($0) && recorded.contains(graph.placePrefix + $0) }
      return isOfUse ? target : nil
    }
  }
}

package import StackMake

/// Cleaning where machines stay: nothing is deleted, and only the user makes a server fresh.
extension CleanPlan {
  /// The same without what would let a step run once more that ran on a machine which stays as it is: its target stays
  /// on record.
  package func keepingOnce(in graph: Graph) -> CleanPlan {
    var plan = self
    let fresh = Set(rebuilds.map(\.place.name))
    plan.forgotten.removeAll { name in
      guard let target = graph.target(named: name) else { return false }
      return Self.oncePlaces(target, graph).contains { !fresh.contains(graph[$0].name) }
    }
    return plan
  }

  /// The servers that need a fresh start, and for which no recipe says how.
  package func withoutReset(in graph: Graph) -> [Rebuild] {
    rebuilds.filter { Self.reset($0.place, in: graph) == nil }
  }

  /// The target whose recipe makes a server fresh; nil where there is none.
  package static func reset(_ place: Place, in graph: Graph) -> TargetID? {
    graph.target(named: "reset/\(place.name)").flatMap { graph.recipe($0).isEmpty ? nil : $0 }
  }

  /// Servers that the user says are fresh, and what is forgotten with that.
  ///
  /// - Parameter names: targets of the graph; none is every server.
  package static func fresh(
    _ names: [String], graph: Graph, recorded: Set<String>
  ) -> (places: [Place], forgotten: [String]) {
    var places: Set<PlaceID> = []
    for target in names.compactMap({ graph.target(named: $0) }) {
      places.formUnion(oncePlaces(target, graph))
      if let place = graph.place(target), graph.target(of: place) == target { places.insert(place) }
    }
    if names.isEmpty { places.formUnion(graph.places.indices.map { PlaceID($0) }) }
    let forgotten = recorded.filter { name in
      if names.contains(name) { return true }
      guard let target = graph.target(named: name) else { return false }
      return oncePlaces(target, graph).contains { places.contains($0) }
        || graph.place(target).map { graph.target(of: $0) == target && places.contains($0) } ?? false
    }
    return (places.sorted().map { graph[$0] }, forgotten.sorted())
  }

  private static func oncePlaces(_ target: TargetID, _ graph: Graph) -> [PlaceID] {
    graph.recipe(target).filter(\.isOnce).flatMap { RecipeDecision.places(of: $0, target: target, in: graph) }
  }
}

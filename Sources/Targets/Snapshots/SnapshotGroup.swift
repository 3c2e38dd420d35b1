package import StackMake

/// Stacked targets that know of each other: a snapshot is of all of them, made at one time. Pure.
package struct SnapshotGroup: Sendable, Hashable {
  /// In the order of the layout.
  package private(set) var targets: [TargetID]

  /// The groups that these targets are in; others than stacked ones are left out.
  package static func of(_ asked: [TargetID], in graph: Graph) -> [SnapshotGroup] {
    let stacked = graph.targets.filter { graph.kind($0) == "stacked" && graph.place($0) != nil }
    var group = Dictionary(uniqueKeysWithValues: stacked.enumerated().map { ($1, $0) })
    for target in stacked {
      for other in needs(of: target, in: graph) {
        guard let a = group[target], let b = group[other], a != b else { continue }
        for (member, number) in group where number == b { group[member] = a }
      }
    }
    let wanted = Set(asked.compactMap { group[$0] })
    return Dictionary(grouping: stacked.filter { wanted.contains(group[$0]!) }) { group[$0]! }
      .map { SnapshotGroup(targets: $0.value.sorted { graph.place($0)! < graph.place($1)! }) }
      .sorted { graph.place($0.targets[0])! < graph.place($1.targets[0])! }
  }

  /// The stacked targets that must be as they were for this one to be as it was: what it depends on, and where its steps run.
  static func needs(of target: TargetID, in graph: Graph) -> Set<TargetID> {
    var needs = Set(graph.closure(of: [target]).filter { graph.kind($0) == "stacked" })
    for step in graph.recipe(target) {
      for place in RecipeDecision.places(of: step, target: target, in: graph) {
        if let other = graph.target(named: "stacked/\(graph[place].name)") { needs.insert(other) }
      }
    }
    needs.remove(target)
    return needs
  }

  /// The number of its last step that runs once, from 0: until there all is in a snapshot. Nil where none does.
  static func lastOnce(_ target: TargetID, in graph: Graph) -> Int? { graph.recipe(target).lastIndex(where: \.isOnce) }

  /// Names of what is stacked on servers that came from a snapshot.
  package static func restored(_ traces: [String: Trace], in graph: Graph) -> Set<String> {
    Set(
      graph.places.map(\.name).filter {
        traces[graph.placePrefix + $0]?.outputs[ServerOutputs.snapshotKey] != nil
      }.map { "stacked/\($0)" })
  }

  /// Why no snapshot of these would be of use; empty where one would.
  package func problems(in graph: Graph) -> [String] {
    var problems: [String] = []
    let places = Set(targets.compactMap { graph.place($0) })
    for target in targets where Self.lastOnce(target, in: graph) == nil {
      problems.append("no step of \(graph.name(target)) runs once: all of it would run again")
    }
    for target in graph.targets where !targets.contains(target) && !graph.isApart(target) {
      let once = graph.recipe(target).filter(\.isOnce)
      let used = once.flatMap { RecipeDecision.places(of: $0, target: target, in: graph) }.first { places.contains($0) }
      if let used {
        problems.append(
          "\(graph.name(target)) has a step that runs once on \(graph[used].name), and would run it again on what the "
            + "snapshot holds")
      }
    }
    return problems
  }
}

/// What it would cost to bring a target up to date. Pure.
package struct ActCost: Sendable, Hashable {
  /// Targets that would be built, in the order of the graph.
  package var builds: [String] = []
  /// The longest way through them, from earlier runs, in seconds.
  package var seconds = 0.0
  /// Of `builds` those of which no time is known: they count nothing.
  package var unknown: [String] = []
  /// Servers whose disk is given up: what must run only once needs a fresh one.
  package var machines: [String] = []
  /// Targets beyond those that are stale with what was built.
  package var following: [String] = []

  package init() {}

  /// - Parameter plan: of the target and all that it depends on, at least.
  package init(of goal: TargetID, _ plan: [PlannedTarget], _ graph: Graph, seconds durations: [String: Double]) {
    let wanted = Set(graph.closure(of: [goal]))
    var ends: [TargetID: Double] = [:]
    var changed: Set<TargetID> = []
    for planned in plan where wanted.contains(planned.target) && planned.state != .fresh {
      let target = planned.target
      let name = graph.name(target)
      builds.append(name)
      changed.insert(target)
      if durations[name] == nil { unknown.append(name) }
      let start = graph.dependencies(target, for: .order).compactMap { ends[$0] }.max() ?? 0
      ends[target] = start + (durations[name] ?? 0)
      if case .locked = planned.state {
        for machine in Self.machines(of: target, graph) where !machines.contains(machine) { machines.append(machine) }
      }
    }
    seconds = ends.values.max() ?? 0
    for target in graph.topologicalOrder where !wanted.contains(target) {
      guard graph.dependencies(target, for: .staleness).contains(where: { changed.contains($0) }) else { continue }
      changed.insert(target)
      following.append(graph.name(target))
    }
  }

  /// Where the once steps of a locked target ran, or the server that it is.
  private static func machines(of target: TargetID, _ graph: Graph) -> [String] {
    if let place = graph.place(target), graph.target(of: place) == target { return [graph[place].name] }
    return graph.recipe(target).filter(\.isOnce)
      .flatMap { RecipeDecision.places(of: $0, target: target, in: graph) }.map { graph[$0].name }
  }

  /// Lines for people; none where nothing would be built.
  package func lines(_ goal: String) -> [String] {
    guard !builds.isEmpty else { return [] }
    let count = builds.count == 1 ? "1 target" : "\(builds.count) targets"
    let time =
      unknown.count == builds.count ? "in a time that isn't known yet" : "in about \(DurationText.text(seconds))"
    var first = "to bring \(goal) up to date: \(count) \(time)"
    if !unknown.isEmpty, unknown.count < builds.count {
      first += ", and what \(Self.names(unknown)) takes, which isn't known yet"
    }
    var lines = [first]
    if !machines.isEmpty { lines.append("  given up, with all that is on it: \(Self.names(machines))") }
    if !following.isEmpty { lines.append("  may be stale after it: \(Self.names(following))") }
    return lines
  }

  private static func names(_ names: [String]) -> String {
    let most = 8
    let shown = names.prefix(most).joined(separator: ", ")
    return names.count > most ? "\(shown) and \(names.count - most) more" : shown
  }
}

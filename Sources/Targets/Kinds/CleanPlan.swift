package import StackMake

/// What `clean` takes down, decided before anything is done. Pure.
package struct CleanPlan: Sendable {
  /// A machine to be deleted.
  package struct Deletion: Sendable, Hashable {
    package var machine: Machine
  }

  /// A server that gets a fresh disk from its image, under the same address.
  package struct Rebuild: Sendable, Hashable {
    package var place: Place
    package var machine: Machine
    /// Targets whose once step asks for it.
    package var targets: [String]
  }

  package var deletions: [Deletion] = []
  package var rebuilds: [Rebuild] = []
  /// Targets whose record is forgotten, sorted.
  package var forgotten: [String] = []

  package var isEmpty: Bool { deletions.isEmpty && rebuilds.isEmpty && forgotten.isEmpty }

  /// Everything: all machines that this cluster ever made, and every record.
  package static func everything(machines: [Machine], recorded: Set<String>) -> CleanPlan {
    CleanPlan(
      deletions: machines.sorted { $0.name < $1.name }.map { Deletion(machine: $0) }, rebuilds: [],
      forgotten: recorded.sorted())
  }

  /// These targets and what was built on them.
  ///
  /// - Parameters:
  ///   - names: targets of the graph, or `server/X` of a server that the layout no longer names.
  ///   - recorded: the targets of which there is a record.
  package static func some(
    _ names: [String], graph: Graph, machines: [Machine], recorded: Set<String>
  ) -> CleanPlan {
    var plan = CleanPlan()
    var forgotten: Set<String> = []
    var deleted: Set<String> = []
    var rebuilt: [PlaceID: [String]] = [:]
    for name in names {
      forgotten.insert(name)
      if name.hasPrefix(graph.placePrefix) {
        deleted.insert(String(name.dropFirst(graph.placePrefix.count)))
        continue
      }
      guard let target = graph.target(named: name), recorded.contains(name) else { continue }
      for step in graph.recipe(target) where step.isOnce {
        for place in RecipeDecision.places(of: step, target: target, in: graph) {
          rebuilt[place, default: []].append(name)
        }
      }
    }
    for (place, targets) in rebuilt.sorted(by: { $0.key < $1.key }) where !deleted.contains(graph[place].name) {
      // Without a machine there is nothing that could have started.
      guard let machine = ServerKind.newest(machines, graph[place].name) else { continue }
      plan.rebuilds.append(Rebuild(place: graph[place], machine: machine, targets: Set(targets).sorted()))
      forgotten.insert(graph.placePrefix + graph[place].name)
    }
    plan.deletions = machines.filter { deleted.contains($0.tag.server) }.map { Deletion(machine: $0) }
    for target in graph.targets {
      guard let place = graph.place(target), deleted.contains(graph[place].name) else { continue }
      forgotten.insert(graph.name(target))
    }
    plan.forgotten = forgotten.intersection(recorded).sorted()
    return plan
  }

  /// Servers that this cluster owns and the layout no longer names.
  package static func prune(graph: Graph, machines: [Machine], recorded: Set<String>) -> CleanPlan {
    let named = Set(graph.places.map(\.name))
    let extra = machines.filter { !named.contains($0.tag.server) }
    let gone = Set(extra.map(\.tag.server))
    return CleanPlan(
      deletions: extra.sorted { $0.name < $1.name }.map { Deletion(machine: $0) }, rebuilds: [],
      // What ran on a machine that is gone is gone with it.
      forgotten: recorded.filter { name in
        graph.target(named: name) == nil && gone.contains(String(name.split(separator: "/").last ?? ""))
      }.sorted())
  }
}

package import StackMake

/// What `clean` takes down, decided before anything is done. Pure.
package struct CleanPlan: Sendable {
  /// A machine to be deleted.
  package struct Deletion: Sendable, Hashable {
    package var machine: Machine
    /// Another machine is its server's, and stays: what is on record of the server is kept.
    package var isStray = false
  }

  /// A server that gets a fresh disk from its image, under the same address.
  package struct Rebuild: Sendable, Hashable {
    package var place: Place
    package var machine: Machine
    /// Targets whose once step asks for it.
    package var targets: [String]
    /// What it is made from; nil is its image.
    package var restore: Restore?
  }

  package var deletions: [Deletion] = []
  package var rebuilds: [Rebuild] = []
  /// What else goes, in the order in which it can.
  package var resources: [CloudResource] = []
  /// Targets whose record is forgotten, sorted.
  package var forgotten: [String] = []

  package var isEmpty: Bool { deletions.isEmpty && rebuilds.isEmpty && resources.isEmpty && forgotten.isEmpty }

  /// What stands: a clean is decided from it and from what is on record.
  package struct World: Sendable {
    package var machines: [Machine]
    package var resources: [CloudResource]
    /// The targets of which there is a record.
    package var recorded: Set<String>

    package init(machines: [Machine], resources: [CloudResource] = [], recorded: Set<String>) {
      self.machines = machines
      self.resources = resources
      self.recorded = recorded
    }
  }

  /// Everything: all that this cluster ever made, and every record.
  package static func everything(_ world: World) -> CleanPlan {
    CleanPlan(
      deletions: world.machines.sorted { $0.name < $1.name }.map { Deletion(machine: $0) }, rebuilds: [],
      // Snapshots are there to outlive what they were made of.
      resources: world.resources.filter { $0.kind != .snapshot || !$0.isWhole }, forgotten: world.recorded.sorted())
  }

  /// These targets and what was built on them.
  ///
  /// - Parameter names: targets of the graph, or `server/X` of a server that the layout no longer names.
  package static func some(_ names: [String], graph: Graph, _ world: World) -> CleanPlan {
    let (machines, recorded) = (world.machines, world.recorded)
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
    plan.resources = world.resources.filter { $0.kind != .snapshot && $0.server.map(deleted.contains) ?? false }
    for target in graph.targets {
      guard let place = graph.place(target), deleted.contains(graph[place].name) else { continue }
      forgotten.insert(graph.name(target))
    }
    plan.forgotten = forgotten.intersection(recorded).sorted()
    return plan
  }

  /// Servers that this cluster owns and the layout no longer names.
  package static func prune(graph: Graph, _ world: World) -> CleanPlan {
    let named = Set(graph.places.map(\.name))
    let extra = world.machines.filter { !named.contains($0.tag.server) }
    let left = world.resources.filter { $0.server.map { !named.contains($0) } ?? false }
    let gone = Set(extra.map(\.tag.server) + left.compactMap(\.server))
    return CleanPlan(
      deletions: extra.sorted { $0.name < $1.name }.map { Deletion(machine: $0) }, rebuilds: [], resources: left,
      // What ran on a machine that is gone is gone with it.
      forgotten: world.recorded.filter { name in
        graph.target(named: name) == nil && gone.contains(String(name.split(separator: "/").last ?? ""))
      }.sorted())
  }
}

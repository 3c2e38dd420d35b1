package import StackMake

/// What a cluster has in its cloud and nobody needs: half made, left by what was cut off, or of servers that the layout
/// no longer names. Pure.
package struct Leftovers: Sendable, Hashable {
  package struct Leftover<Thing: Sendable & Hashable>: Sendable, Hashable {
    package var thing: Thing
    /// Why nobody needs it, in words.
    package var why: String
  }

  package private(set) var machines: [Leftover<Machine>] = []
  /// In the order in which they can be deleted.
  package private(set) var resources: [Leftover<CloudResource>] = []

  package var count: Int { machines.count + resources.count }

  /// Servers of the layout that have a machine which is theirs, whatever else there is.
  private var kept: [String: Machine] = [:]

  private let snapshots: [String: String]

  /// - Parameters:
  ///   - claims: by server.
  ///   - snapshots: why nobody needs a snapshot, by its set (`SnapshotReview`).
  package init(
    graph: Graph, _ world: CleanPlan.World, claims: [String: MachineClaim], snapshots: [String: String] = [:]
  ) {
    self.snapshots = snapshots
    let named = Set(graph.places.map(\.name))
    for server in named {
      kept[server] = MachineChoice(world.machines, of: server, claim: claims[server] ?? MachineClaim()).kept
    }
    for machine in world.machines.sorted(by: { ($0.name, $0.createdAt, $0.id) < ($1.name, $1.createdAt, $1.id) }) {
      if let why = why(machine, named) { machines.append(Leftover(thing: machine, why: why)) }
    }
    for resource in world.resources {
      if let why = why(resource, named) { resources.append(Leftover(thing: resource, why: why)) }
    }
  }

  /// What deletes them all.
  package func plan(graph: Graph, _ world: CleanPlan.World) -> CleanPlan {
    var plan = CleanPlan()
    plan.deletions = machines.map { CleanPlan.Deletion(machine: $0.thing, isStray: kept[$0.thing.tag.server] != nil) }
    plan.resources = resources.map(\.thing)
    plan.forgotten = CleanPlan.prune(graph: graph, world).forgotten
    return plan
  }

  private func why(_ machine: Machine, _ named: Set<String>) -> String? {
    let server = machine.tag.server
    if machine.status == .deleting { return "it is being deleted" }
    guard named.contains(server) else { return "the layout doesn't name `\(server)`" }
    guard let kept = kept[server] else {
      let state = ServerKind.problem(machine.status) ?? "half made"
      return "`\(server)` was never built on it, and it is \(state)"
    }
    return kept.id == machine.id ? nil : "`\(server)` is another server: \(kept.id)"
  }

  private func why(_ resource: CloudResource, _ named: Set<String>) -> String? {
    if resource.kind == .snapshot { return snapshots[resource.set ?? ""] }
    if let server = resource.server {
      guard named.contains(server) else { return "the layout doesn't name `\(server)`" }
      guard let kept = kept[server] else { return "no server `\(server)` stands" }
      // Nova plugs ports in some time after it was asked for the server.
      return resource.isInUse || kept.status == .building ? nil : "server `\(server)` doesn't use it"
    }
    if kept.isEmpty { return "no server of this cluster stands" }
    let isBuilding = kept.values.contains { $0.status == .building }
    guard !resource.isInUse, !isBuilding else { return nil }
    return switch resource.kind {
    // Nothing says of one whether it is in use.
    case .keyPair, .snapshot: nil
    case .floatingAddress, .port: "no server uses it"
    case .serverGroup: "no server is in it"
    case .securityGroup: "no port is in it"
    }
  }
}

package import StackMake

/// What a cluster has once too often: a request whose answer was lost did its work later than it was looked for, or an
/// old list hid what was there. Pure.
///
/// Only what surely isn't needed is in it: for each server something better stands.
package struct Excess: Sendable, Hashable {
  /// Machines of a server of which another one stands.
  package private(set) var machines: [Machine] = []
  /// Of several of one name those that nothing uses, where one is in use.
  package private(set) var resources: [CloudResource] = []

  package var isEmpty: Bool { machines.isEmpty && resources.isEmpty }

  /// What the layout can make, so that it is worth looking for.
  package static func kinds(_ graph: Graph) -> Set<CloudResource.Kind> {
    var kinds: Set<CloudResource.Kind> = [.port]
    for place in graph.places {
      if place.settings["security-group"] == nil { kinds.insert(.securityGroup) }
      if place.settings["spread"] != nil { kinds.insert(.serverGroup) }
      if place.settings["floating"] != nil { kinds.insert(.floatingAddress) }
    }
    return kinds
  }

  package init() {}

  /// - Parameter servers: those of the layout. Of others everything is superfluous, and a matter of `prune`.
  package init(_ machines: [Machine], _ resources: [CloudResource], servers: Set<String>) {
    var settled: Set<String> = []
    for server in servers.sorted() {
      let choice = MachineChoice(machines, of: server)
      guard choice.kept?.status == .active else { continue }
      self.machines += choice.others
      // A port is plugged in while its machine is built: before that it looks as if nobody needed it.
      settled.insert(server)
    }
    let named = Dictionary(grouping: resources) { [$0.kind.rawValue, $0.name] }
    for resource in resources where !resource.isInUse {
      let others = named[[resource.kind.rawValue, resource.name]] ?? []
      let isDouble = others.contains(where: \.isInUse)
      switch resource.kind {
      case .port: if isDouble, settled.contains(resource.server ?? "") { self.resources.append(resource) }
      // Its port is gone, and no other finds it again.
      case .floatingAddress: if resource.server == nil { self.resources.append(resource) }
      case .securityGroup, .serverGroup: if isDouble { self.resources.append(resource) }
      // Its name is all that it has.
      case .keyPair: break
      // Each is another one.
      case .snapshot: break
      }
    }
  }

  /// Of one server; what the whole cluster shares is counted to the first.
  package func of(_ server: String, isFirst: Bool) -> Excess {
    var own = Excess()
    own.machines = machines.filter { $0.tag.server == server }
    own.resources = resources.filter { $0.server == server || (isFirst && $0.server == nil) }
    return own
  }

  /// `server id-2, port id-7`
  package var text: String {
    (machines.map { "server \($0.id)" } + resources.map { "\($0.kind.rawValue) \($0.id)" }).joined(separator: ", ")
  }
}

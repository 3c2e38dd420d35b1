/// What is on record of a server.
package struct MachineClaim: Sendable, Hashable {
  /// The machine that it was built on; nil where it wasn't built.
  package var machine: String?
  /// The last generation that was asked for.
  package var generation: Int
  /// The machine that this run has waited for in vain.
  package var failed: String?

  package init(machine: String? = nil, generation: Int = 0, failed: String? = nil) {
    self.machine = machine
    self.generation = generation
    self.failed = failed
  }
}

/// Which of a server's machines is the server. Pure.
struct MachineChoice: Sendable, Hashable {
  private(set) var kept: Machine?
  /// The rest, best first; without those that are being deleted.
  private(set) var others: [Machine]

  /// The best of what stands, whatever is on record.
  init(_ machines: [Machine], of server: String) {
    others = Self.standing(machines, server)
    if !others.isEmpty { kept = others.removeFirst() }
  }

  /// The one that it was built on, else the one that its next build goes on with.
  init(_ machines: [Machine], of server: String, claim: MachineClaim) {
    others = Self.standing(machines, server)
    let index =
      others.firstIndex { $0.id == claim.machine }
      ?? others.firstIndex {
        $0.id != claim.failed && $0.tag.generation == claim.generation
          && ($0.status == .incomplete || ServerKind.problem($0.status) == nil)
      }
    kept = index.map { others.remove(at: $0) }
  }

  private static func standing(_ machines: [Machine], _ server: String) -> [Machine] {
    machines.filter { $0.tag.server == server && $0.status != .deleting }.sorted(by: Machine.isBetter)
  }
}

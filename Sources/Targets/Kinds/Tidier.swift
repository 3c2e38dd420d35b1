package import StackMake

/// Removes what a cluster has once too often, journal first.
package struct Tidier: Sendable {
  /// The word for it in the journal.
  package static let action = "tidy"

  private let cluster: Cluster
  private let store: any Store
  private let reporter: any Reporter
  private let now: @Sendable () -> Double

  /// What goes first may be what the next one was in use by.
  private static let rounds = 3

  package init(_ cluster: Cluster, store: any Store, reporter: any Reporter, now: @escaping @Sendable () -> Double) {
    self.cluster = cluster
    self.store = store
    self.reporter = reporter
    self.now = now
  }

  /// Looks, and removes what is found; looks again only where something was.
  package func run(_ graph: Graph) async throws(StepError) {
    for _ in 0..<Self.rounds {
      let excess = try await cluster.excess(in: graph, try await cluster.machines())
      if excess.isEmpty { return }
      let intent = try recorded { () throws(StoreError) in
        try store.begin(
          Intent(action: Self.action, subject: cluster.name, values: ["what": excess.text], at: now()))
      }
      try await remove(excess)
      try recorded { () throws(StoreError) in try store.settle(intent, set: [:]) }
    }
  }

  private func remove(_ excess: Excess) async throws(StepError) {
    for machine in excess.machines {
      note("removing server \(machine.id): there is another \(machine.name)")
      try await cloud("server \(machine.name)") { () async throws(CloudError) in
        try await cluster.cloud.delete(machine.id, wait: true)
      }
    }
    for resource in excess.resources {
      note("removing \(resource.kind.rawValue) \(resource.id): there is another \(resource.name)")
      try await cloud("\(resource.kind.rawValue) \(resource.name)") { () async throws(CloudError) in
        try await cluster.cloud.delete(resource)
      }
    }
  }

  private func note(_ text: String) { reporter.report(.note(target: nil, text: text)) }

  private func recorded<R>(_ body: () throws(StoreError) -> R) throws(StepError) -> R {
    do throws(StoreError) {
      return try body()
    } catch {
      throw StepError(error, operation: "write the journal", subject: cluster.name)
    }
  }

  private func cloud(_ subject: String, _ body: () async throws(CloudError) -> Void) async throws(StepError) {
    do throws(CloudError) {
      try await body()
    } catch {
      throw StepError(error, subject: subject)
    }
  }
}

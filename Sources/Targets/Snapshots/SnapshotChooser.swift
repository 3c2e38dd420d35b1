package import StackMake

/// Looks which servers can be made from a snapshot, and puts it on record before they are asked for.
package struct SnapshotChooser: Sendable {
  private let cluster: Cluster
  private let book: SnapshotBook
  private let store: any Store

  package init(_ cluster: Cluster, _ book: SnapshotBook, _ store: any Store) {
    (self.cluster, self.book, self.store) = (cluster, book, store)
  }

  /// Servers of a build that have no machine, and on which something is to be stacked.
  static func fresh(_ targets: [TargetID], _ assessor: Assessor) -> Set<String> {
    let graph = assessor.graph
    return Set(
      graph.closure(of: targets).compactMap { target in
        guard graph.kind(target) == "stacked", let place = graph.place(target), let server = graph.target(of: place),
          assessor.observations.observation(of: server) == nil
        else { return nil }
        return graph[place].name
      })
  }

  /// Of the servers that get a new machine. Asks the cloud only where a snapshot of one of them is on record.
  package func choice(
    _ fresh: Set<String>, earlier: SnapshotChoice.Earlier = SnapshotChoice.Earlier(), in graph: Graph
  ) async throws(StepError) -> SnapshotChoice {
    let wanted = fresh.filter { server in book.sets.contains { $0.member(server) != nil } }
    guard !wanted.isEmpty, cluster.cloud.makesSnapshots else {
      return SnapshotChoice(SnapshotBook(), images: [], fresh: [], bases: [:], in: graph)
    }
    let wants = graph.places.filter { wanted.contains($0.name) }.map { graph.machineWant($0) }
    do throws(CloudError) {
      let images = try await cluster.cloud.snapshots(ofCluster: cluster.id)
      let resolved = try await cluster.cloud.resolve(wants, missing: []).resolved
      let bases = Dictionary(resolved.map { ($0.name, $0.imageID) }) { first, _ in first }
      return SnapshotChoice(book, images: images, fresh: wanted, bases: bases, earlier: earlier, in: graph)
    } catch {
      throw StepError(error, subject: cluster.name)
    }
  }

  /// What is on record of an earlier choice: of a server that was built since it is no more than history.
  private func earlier(_ fresh: Set<String>, _ assessor: Assessor) throws(StoreError) -> SnapshotChoice.Earlier {
    let graph = assessor.graph
    var earlier = SnapshotChoice.Earlier()
    for place in graph.places {
      guard let restore = try Restore.read(place.name, store),
        let server = graph.target(named: graph.placePrefix + place.name)
      else { continue }
      let register = Cluster.generationRegister(place.name)
      let generation = String(restore.generation)
      if fresh.contains(place.name) {
        let last = try store.registers(prefix: register)[register]
        let isOpen = restore.generation == 0 || generation == last
        if isOpen, assessor.traces[graph.name(server)] == nil { earlier.pending[place.name] = restore.set }
      } else if assessor.observations.observation(of: server)?.values["generation"] == generation {
        earlier.made[place.name] = restore.set
      }
    }
    return earlier
  }

  /// Writes down what the servers of a build are made from, and says it.
  package func choose(
    _ targets: [TargetID], _ assessor: Assessor, _ reporter: any Reporter, now: Double
  ) async throws(StepError) {
    let (graph, fresh) = (assessor.graph, Self.fresh(targets, assessor))
    do throws(StoreError) {
      // Of one that was asked for and may still come it isn't known whether it has to be asked for again: it stays as it was.
      let open = Set(try store.intents().filter { $0.action == Cluster.createAction }.map(\.subject))
      let fresh = fresh.subtracting(open)
      if fresh.isEmpty { return }
      let earlier = try earlier(fresh, assessor)
      let choice: SnapshotChoice
      do throws(StepError) {
        choice = try await self.choice(fresh, earlier: earlier, in: graph)
      } catch {
        // Without snapshots it takes longer, and ends the same.
        reporter.report(.warning(target: nil, text: "no snapshot is used: \(error.cause)"))
        return
      }
      var registers: [String: String?] = [:]
      for server in fresh { registers[Restore.register(server)] = .some(choice.restores[server]?.text) }
      try store.set(registers)
      for server in choice.restores.keys.sorted() {
        let title = choice.restores[server]!.title(now: now)
        reporter.report(.note(target: graph.placePrefix + server, text: "from \(title)"))
      }
      for (set, why) in choice.unused.sorted(by: { $0.key < $1.key }) {
        reporter.report(.note(target: nil, text: "snapshot \(set) isn't used: \(why)"))
      }
    } catch {
      throw StepError(error, operation: "choose a snapshot", subject: cluster.name)
    }
  }
}

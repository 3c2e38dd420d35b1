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
  package static func fresh(_ targets: [TargetID], _ assessor: Assessor) -> Set<String> {
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
  package func choice(_ fresh: Set<String>, in graph: Graph) async throws(StepError) -> SnapshotChoice {
    let wanted = fresh.filter { server in book.sets.contains { $0.member(server) != nil } }
    guard !wanted.isEmpty, cluster.cloud.makesSnapshots else {
      return SnapshotChoice(SnapshotBook(), images: [], fresh: [], bases: [:], in: graph)
    }
    let wants = graph.places.filter { wanted.contains($0.name) }.map { graph.machineWant($0) }
    do throws(CloudError) {
      let images = try await cluster.cloud.snapshots(ofCluster: cluster.id)
      let resolved = try await cluster.cloud.resolve(wants, missing: []).resolved
      let bases = Dictionary(resolved.map { ($0.name, $0.imageID) }) { first, _ in first }
      return SnapshotChoice(book, images: images, fresh: wanted, bases: bases, in: graph)
    } catch {
      throw StepError(error, subject: cluster.name)
    }
  }

  /// Writes down what the servers of a build are made from, and says it.
  package func choose(_ fresh: Set<String>, in graph: Graph, _ reporter: any Reporter, now: Double)
    async throws(StepError)
  {
    do throws(StoreError) {
      // Of one that was asked for and may still come it isn't known whether it has to be asked for again: it stays as it was.
      let open = Set(try store.intents().filter { $0.action == Cluster.createAction }.map(\.subject))
      let fresh = fresh.subtracting(open)
      if fresh.isEmpty { return }
      let choice: SnapshotChoice
      do throws(StepError) {
        choice = try await self.choice(fresh, in: graph)
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

package import StackMake

/// Makes the images of a set, journal first: all servers are stopped, then copied, then started again, so that what one of them
/// says of another is true in the copies as well.
package struct SnapshotMaker: Sendable {
  /// The word for it in the journal.
  package static let action = "snapshot"

  /// In the journal's row, once all servers have stopped. Until then one may be on its way there, whatever it looks like.
  private static let stoppedKey = "stopped"

  private let cluster: Cluster
  private let store: any Store
  private let reporter: any Reporter
  private let interrupt: Interrupt
  private let now: @Sendable () -> Double

  package init(
    _ cluster: Cluster, store: any Store, reporter: any Reporter, interrupt: Interrupt,
    now: @escaping @Sendable () -> Double
  ) {
    (self.cluster, self.store, self.reporter, self.interrupt, self.now) = (cluster, store, reporter, interrupt, now)
  }

  /// Returns once the servers answer again. Where it fails nothing of the set is left, and they are started all the same.
  package func make(_ set: SnapshotSet) async throws(StepError) {
    let machines = set.members.map(\.machine)
    let intent = try recorded { () throws(StoreError) in
      try store.begin(
        Intent(
          action: Self.action, subject: set.id, values: ["machines": machines.joined(separator: " ")], at: now()))
    }
    let result: Result<Void, StepError>
    do throws(StepError) {
      try recorded { () throws(StoreError) in try store.set([set.register: set.text]) }
      try checkInterrupt()
      try await each(set.members) { (member) throws(CloudError) in
        note(member, "stopping it for a snapshot")
        try await cluster.cloud.stop(member.machine)
      }
      try recorded { () throws(StoreError) in try store.note(intent, values: [Self.stoppedKey: "yes"]) }
      try checkInterrupt()
      result = .success(try await images(set))
    } catch {
      result = .failure(error)
    }
    // Also where the user no longer waits: in a task that nobody cancels.
    let ending = Task { () async -> Result<Void, StepError> in
      do throws(StepError) {
        if case .failure = result {
          try await remove(set.id)
          // What was cut off may have left one shutting down, which would not be started.
          try await each(set.members) { (member) throws(CloudError) in try await cluster.cloud.stop(member.machine) }
        }
        try await start(set.members)
        try recorded { () throws(StoreError) in try store.settle(intent, set: [:]) }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    let ended = await ending.value
    try result.get()
    try ended.get()
  }

  private func images(_ set: SnapshotSet) async throws(StepError) {
    try await each(set.members) { (member) throws(CloudError) in
      note(member, "making an image of its disk")
      _ = try await cluster.cloud.makeSnapshot(
        of: member.machine, SnapshotTag(cluster: cluster.id, server: member.server, set: set.id))
    }
  }

  private func start(_ members: [SnapshotSet.Member]) async throws(StepError) {
    try await each(members) { (member) throws(CloudError) in
      note(member, "starting it again")
      let machine = try await cluster.cloud.start(member.machine)
      let limit = now() + Double(cluster.bootLimit.components.seconds)
      guard let address = member.addresses.first else { return }
      while let reason = await cluster.shells.refusal(address: address, port: machine.port) {
        if interrupt.isRequested { return }
        guard now() < limit, (try? await cluster.clock.sleep(for: .milliseconds(500))) != nil else {
          throw CloudError(.failed, operation: "connect to \(address)", cause: reason)
        }
      }
    }
  }

  /// Goes on with one that was cut off: a set whose images weren't all made is given up, since the others would be of another
  /// time; servers that stand still are started.
  func resume(_ intent: Intent, _ machines: [Machine]) async throws(StepError) {
    let text = try recorded { () throws(StoreError) in
      try store.registers(prefix: SnapshotSet.registerPrefix)[SnapshotSet.registerPrefix + intent.subject]
    }
    let set = text.flatMap { SnapshotSet($0) }
    let images = try await snapshots(intent.subject).filter { $0.status == .active }
    if set == nil || !set!.members.allSatisfy({ member in images.contains { $0.tag.server == member.server } }) {
      say("giving up snapshot \(intent.subject), which was cut off")
      try await remove(intent.subject)
    }
    let own = Set((intent.values["machines"] ?? "").split(separator: " ").map(String.init))
    let haveStopped = intent.values[Self.stoppedKey] != nil
    for machine in machines where own.contains(machine.id) && (!haveStopped || machine.status == .stopped) {
      say("starting \(machine.name) again, which a snapshot stopped")
      try await cloud(machine.name) { () async throws(CloudError) in
        if !haveStopped { try await cluster.cloud.stop(machine.id) }
        try await cluster.cloud.start(machine.id)
      }
    }
  }

  /// Deletes a set: its images, and what is on record of it.
  package func remove(_ set: String) async throws(StepError) {
    for snapshot in try await snapshots(set) {
      say("deleting snapshot \(snapshot.tag.name)")
      try await cloud("snapshot \(snapshot.tag.name)") { () async throws(CloudError) in
        try await cluster.cloud.delete(snapshot.resource)
      }
    }
    try recorded { () throws(StoreError) in try store.set([SnapshotSet.registerPrefix + set: nil]) }
  }

  private func snapshots(_ set: String) async throws(StepError) -> [Snapshot] {
    try await cloud(cluster.name) { () async throws(CloudError) in
      try await cluster.cloud.snapshots(ofCluster: cluster.id).filter { $0.tag.set == set }
    }
  }

  // MARK: Parts

  /// Does it for all at once, to the end of each; then throws what failed.
  private func each(
    _ members: [SnapshotSet.Member], _ body: @escaping @Sendable (SnapshotSet.Member) async throws(CloudError) -> Void
  ) async throws(StepError) {
    var failures: [StepError] = []
    await withTaskGroup(of: StepError?.self) { group in
      for member in members {
        group.addTask {
          do throws(CloudError) {
            try await body(member)
            return nil
          } catch {
            return StepError(error, subject: member.server)
          }
        }
      }
      for await failure in group { if let failure { failures.append(failure) } }
    }
    if let failure = StepError.joined(failures, of: members.count, "servers") { throw failure }
  }

  private func note(_ member: SnapshotSet.Member, _ text: String) {
    reporter.report(.note(target: member.target, text: text))
  }

  private func say(_ text: String) { reporter.report(.note(target: nil, text: text)) }

  private func checkInterrupt() throws(StepError) {
    if interrupt.isRequested {
      throw StepError(.interrupted, operation: "make a snapshot", subject: cluster.name, cause: "interrupted")
    }
  }

  private func recorded<R>(_ body: () throws(StoreError) -> R) throws(StepError) -> R {
    do throws(StoreError) {
      return try body()
    } catch {
      throw StepError(error, operation: "write the record", subject: cluster.name)
    }
  }

  @discardableResult
  private func cloud<R>(_ subject: String, _ body: () async throws(CloudError) -> R) async throws(StepError) -> R {
    do throws(CloudError) {
      return try await body()
    } catch {
      throw StepError(error, subject: subject)
    }
  }
}

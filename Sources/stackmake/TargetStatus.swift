import StackMake
import Targets

/// What `status` says of each target, for those who show it otherwise.
struct TargetStatus: Sendable {
  let target: TargetID
  let name: String
  let kind: String
  let state: String
  let why: String

  var node: GraphView.Node { GraphView.Node(name: name, kind: kind, state: state, why: why) }

  /// - Parameter running: targets whose build has started, where somebody builds now.
  static func all(
    _ plan: [PlannedTarget], _ graph: Graph, _ assessor: Assessor, running: Set<String>
  ) -> [TargetStatus] {
    let waits = StatusCommand.waiting(plan, graph, failed: Set(assessor.failures.keys))
    return plan.map { planned in
      let name = graph.name(planned.target)
      let row = StatusRow(
        planned, graph, assessor, waitsFor: waits[planned.target], isRunning: running.contains(name))
      return TargetStatus(
        target: planned.target, name: name, kind: graph.kind(planned.target), state: row.state, why: row.why)
    }
  }

  /// What would be done, beside somebody who builds `running` now.
  static func plan(_ assessor: Assessor, _ targets: [TargetID], running: Set<String>) -> [PlannedTarget] {
    assessor.plan(targets).map { running.contains(assessor.graph.name($0.target)) ? $0.whileRunning : $0 }
  }

  /// What runs now; nothing where nobody holds the lock.
  static func running(_ session: Session, _ store: any Store) throws -> Set<String> {
    guard StateLock.held(in: session.stateDirectory) != nil else { return [] }
    return Set(try session.recorded { () throws(StoreError) in try store.running() }.keys)
  }
}

/// The cluster as it stands, for those who show it: everything is read, and nothing is changed.
struct Standing {
  let store: any Store
  let assessor: Assessor
  let plan: [PlannedTarget]
  /// Targets whose build has started, where somebody builds now.
  let running: Set<String>
  let redactor: Redactor

  init(_ session: Session, _ targets: [TargetID], forced: Set<TargetID> = []) async throws {
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true)
    let files = try session.sourceFiles(targets)
    let assessor = try await session.reported {
      try await world.assessor(targets, files: files, store: store, forced: forced)
    }
    let running = try TargetStatus.running(session, store)
    await world.close()
    let plan = TargetStatus.plan(assessor, targets, running: running)
    (self.store, self.assessor, self.plan, self.running) = (store, assessor, plan, running)
    redactor = world.redactor
  }

  /// When the cluster ends, as its servers say it.
  var end: Double? { Self.end(assessor, plan.map(\.target)) }

  static func end(_ assessor: Assessor, _ targets: [TargetID]) -> Double? {
    let servers = targets.filter { assessor.graph.kind($0) == "server" }
    return ServerKind.end(servers.compactMap { assessor.observations.observation(of: $0) })
  }

  func rows(_ graph: Graph) -> [TargetStatus] { TargetStatus.all(plan, graph, assessor, running: running) }
}

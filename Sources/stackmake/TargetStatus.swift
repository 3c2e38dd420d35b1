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

  /// What runs now; nothing where nobody holds the lock.
  static func running(_ session: Session, _ store: any Store) throws -> Set<String> {
    guard StateLock.held(in: session.stateDirectory) != nil else { return [] }
    return Set(try session.recorded { () throws(StoreError) in try store.running() }.keys)
  }
}

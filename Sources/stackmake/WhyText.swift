import StackMake
import Targets

/// The chain of reasons of targets, for people.
struct WhyText {
  let graph: Graph
  let plan: [String: PlannedTarget]
  let traces: [String: Trace]
  let detail: ReasonDetail
  /// What the cloud was asked in this command.
  let requests: [RequestCount]
  private var said: Set<String> = []
  private var snapshots: [TargetID: [JSONSnapshotUse]] = [:]
  private(set) var lines: [String] = []

  init(
    _ graph: Graph, _ plan: [PlannedTarget], traces: [String: Trace], detail: ReasonDetail, requests: [RequestCount]
  ) {
    self.graph = graph
    self.plan = Dictionary(plan.map { (graph.name($0.target), $0) }, uniquingKeysWith: { first, _ in first })
    self.traces = traces
    self.detail = detail
    self.requests = requests
  }

  mutating func add(_ target: TargetID, cost: ActCost) {
    explain(graph.name(target), 0)
    lines += cost.lines(graph.name(target))
  }

  /// What of the target is kept in snapshots, and whether a new machine would be made from them.
  mutating func add(snapshotsOf target: TargetID, _ book: SnapshotBook, _ review: SnapshotReview, now: Double) {
    for set in book.sets where set.member(stackedAs: graph.name(target)) != nil {
      let unused = review.unneeded[set.id]
      guard unused != nil || review.usable.contains(set.id) else { continue }
      let use =
        unused.map { "isn't used: \($0)" }
        ?? "is what a new machine is made from, together with those of \(set.targetsText)"
      lines.append("snapshot \(set.id), made \(AgeText.text(now - set.madeAt)) ago, \(use)")
      snapshots[target, default: []].append(
        JSONSnapshotUse(snapshot: set.id, madeAt: set.madeAt, unused: unused))
    }
  }

  /// A line of JSON for each target that isn't up to date, and one for each that was asked for.
  func records(_ costs: [TargetID: ActCost]) -> [JSONTarget] {
    plan.values.sorted { $0.target < $1.target }.compactMap { planned in
      let cost = costs[planned.target]
      guard planned.state != .fresh || cost != nil else { return nil }
      var error: StepError?
      if case .locked(let lock) = planned.state { error = lock }
      var record = JSONTarget(
        type: "why", target: graph.name(planned.target), kind: graph.kind(planned.target), state: planned.state.word,
        reasons: planned.reasons, error: error, builtAt: traces[graph.name(planned.target)]?.builtAt)
      for (number, reason) in planned.reasons.enumerated() {
        let lines = detail.lines(reason)
        if !lines.isEmpty { record.reasons[number].detail = lines }
      }
      record.cost = cost.map { JSONCost($0) }
      record.snapshots = snapshots[planned.target]
      return record
    }
  }

  /// The target whose outputs changed, or will.
  private func cause(of reason: StaleReason) -> String? {
    switch reason {
    case .dependencyWillRun(let dependency): return dependency
    case .changed(let key, _, _):
      let words = key.split(separator: " ")
      return words.first == "output" && words.count > 2 ? String(words[1]) : nil
    default: return nil
    }
  }

  /// A reason that is another target's doing goes on with that target's reasons.
  private mutating func explain(_ name: String, _ depth: Int) {
    let indent = String(repeating: "  ", count: depth)
    guard let planned = plan[name] else { return }
    guard said.insert(name).inserted else {
      lines.append("\(indent)\(name): as above")
      return
    }
    switch planned.state {
    case .fresh:
      lines.append("\(indent)\(name): up to date")
      return
    case .stale: lines.append("\(indent)\(name) is stale:")
    case .locked(let error):
      lines.append("\(indent)\(name) is locked: \(error.cause)")
      if let hint = error.hint { lines.append("\(indent)  hint: \(hint)") }
    case .blocked(let blocker):
      lines.append("\(indent)\(name) waits for `\(blocker)`, which is locked:")
      explain(blocker, depth + 1)
      return
    }
    for reason in planned.reasons {
      lines.append("\(indent)  \(ReasonText.text(reason))")
      lines += (detail.lines(reason) + seen(reason, name)).map { "\(indent)    \($0)" }
      if let dependency = cause(of: reason), plan[dependency]?.state != .fresh { explain(dependency, depth + 2) }
    }
  }

  /// Of drift: which server, and what the cloud was asked.
  private func seen(_ reason: StaleReason, _ name: String) -> [String] {
    guard case .drift = reason else { return [] }
    var lines: [String] = []
    if let server = traces[name].flatMap({ ServerOutputs($0.outputs) }) {
      lines.append("of the server at \(server.ip), id \(server.id), generation \(server.generation)")
    }
    let asked = requests.filter { $0.method == "GET" && $0.path.contains("server") }
    for request in asked.prefix(4) {
      let answer = request.status == 0 ? "no answer" : "\(request.status)"
      lines.append("by GET \(request.host)\(request.path): \(answer)")
    }
    return lines
  }
}

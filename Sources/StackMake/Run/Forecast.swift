/// How long the rest of a run should take, from what earlier runs took. No I/O, no clock.
///
/// Two things bound it: the longest chain of targets that wait for one another, and the work that is left, shared by as many as
/// may run at once. The greater of the two is what is told; pools are left out.
package struct Forecast: Sendable {
  private let graph: Graph
  private let wanted: [TargetID]
  private let jobs: Int
  private let seconds: @Sendable (TargetID) -> Double?
  private let wasBuilt: @Sendable (TargetID) -> Bool

  /// - Parameters:
  ///   - wanted: closed under dependencies, each after its own.
  ///   - seconds: how long a target's build takes; nil where nobody knows.
  ///   - wasBuilt: whether it is on record as built: it may turn out to be up to date once its turn comes.
  package init(
    graph: Graph, wanted: [TargetID], jobs: Int, seconds: @escaping @Sendable (TargetID) -> Double?,
    wasBuilt: @escaping @Sendable (TargetID) -> Bool
  ) {
    self.graph = graph
    self.wanted = wanted
    self.jobs = max(1, jobs)
    self.seconds = seconds
    self.wasBuilt = wasBuilt
  }

  /// In seconds; nil where nothing is left, or one of those that are left has never been timed.
  ///
  /// - Parameters:
  ///   - state: where each target stands. Of those that wait, the ones count that were never built, and the ones that
  ///     follow a target that counts.
  ///   - elapsed: how long a running one has been at it.
  package func secondsLeft(state: (TargetID) -> Schedule.State, elapsed: (TargetID) -> Double) -> Double? {
    var ends: [TargetID: Double] = [:]
    var longest = 0.0
    var work = 0.0
    for target in wanted {
      let isRunning: Bool
      switch state(target) {
      case .running: isRunning = true
      case .queued, .checking, .ready: isRunning = false
      case .waiting where !wasBuilt(target) || graph.dependencies(target, for: .staleness).contains { ends[$0] != nil }:
        isRunning = false
      case .waiting, .unwanted, .done: continue
      }
      guard let whole = seconds(target) else { return nil }
      let own = isRunning ? max(0, whole - elapsed(target)) : whole
      let start = graph.dependencies(target, for: .order).compactMap { ends[$0] }.max() ?? 0
      ends[target] = start + own
      longest = max(longest, start + own)
      work += own
    }
    return ends.isEmpty ? nil : max(longest, work / Double(jobs))
  }
}

/// When a run's forecast is said, and from what: at its first step, then once a second at most.
struct Outlook {
  let forecast: Forecast
  private var startedAt: [TargetID: Double] = [:]
  private var saidAt: Double?

  init(forecast: Forecast) { self.forecast = forecast }

  mutating func begin(_ target: TargetID, at now: Double) { startedAt[target] = now }

  /// What is to be said now; nil where nothing is.
  mutating func secondsLeft(_ schedule: Schedule, at now: Double) -> Double? {
    if let saidAt, now < saidAt + 1 { return nil }
    guard !schedule.isIdle else { return nil }
    saidAt = now
    return forecast.secondsLeft(state: schedule.state, elapsed: { now - (startedAt[$0] ?? now) })
  }
}

/// Which target's turn it is: events in, targets to check and to start out. No I/O, no clock.
///
/// A target is *ready* when all that it depends on is done, and is then checked; one that is stale is *queued* until a
/// job and a place in its pool are free. Queued targets start by the longest way that remains behind them.
package struct Schedule: Sendable {
  package enum State: Sendable, Hashable {
    case unwanted, waiting, ready, checking, queued, running
    case done(ok: Bool)
  }

  /// Targets that share a limit.
  private struct Pool: Sendable {
    var limit: Int
    var running = 0
    var queued = TargetHeap()
  }

  private let graph: Graph
  private let jobs: Int
  private let keepsGoing: Bool
  private var states: [State]
  private var remaining: [Int32]
  private var ready: [TargetID] = []
  private var running = 0
  private var pools: [Pool]
  /// By the number of a target's options: its pool in `pools`. The first of them is that of all without one.
  private let poolOf: [Int]
  private let priorities: [Double]
  /// Nothing new starts any more.
  package private(set) var isStopping = false

  /// - Parameters:
  ///   - wanted: closed under dependencies, each after its own.
  ///   - seconds: how long a target is expected to take.
  package init(
    graph: Graph, wanted: [TargetID], jobs: Int, keepsGoing: Bool, seconds: (TargetID) -> Double
  ) {
    self.graph = graph
    self.jobs = max(1, jobs)
    self.keepsGoing = keepsGoing
    states = Array(repeating: .unwanted, count: graph.count)
    remaining = Array(repeating: 0, count: graph.count)
    var priorities = [Double](repeating: 0, count: graph.count)
    for target in wanted.reversed() {
      var longest = 0.0
      for dependent in graph.dependents(target) { longest = max(longest, priorities[Int(dependent.index)]) }
      priorities[Int(target.index)] = longest + seconds(target)
    }
    self.priorities = priorities
    var pools = [Pool(limit: .max)]
    var numbers: [String: Int] = [:]
    var poolOf: [Int] = []
    for options in graph.options {
      guard let name = options.pool else {
        poolOf.append(0)
        continue
      }
      if numbers[name] == nil {
        numbers[name] = pools.count
        pools.append(Pool(limit: graph.pools[name] ?? .max))
      }
      poolOf.append(numbers[name]!)
    }
    (self.pools, self.poolOf) = (pools, poolOf)
    for target in wanted {
      let count = graph.dependencies(target, for: .order).count
      remaining[Int(target.index)] = Int32(count)
      set(target, count == 0 ? .ready : .waiting)
    }
  }

  package func state(_ target: TargetID) -> State { states[Int(target.index)] }
  package var isIdle: Bool { running == 0 }
  package func priority(_ target: TargetID) -> Double { priorities[Int(target.index)] }

  /// The next target to be checked; nil where none is ready.
  package mutating func check() -> TargetID? {
    guard !isStopping, let target = ready.popLast() else { return nil }
    set(target, .checking)
    return target
  }

  /// A checked target is stale: it waits for its turn to run.
  package mutating func queue(_ target: TargetID) {
    precondition(state(target) == .checking, "BUG: \(graph.name(target)) is queued without a check")
    set(target, .queued)
  }

  /// The next queued target that may run now; nil where none may.
  package mutating func start() -> TargetID? {
    guard !isStopping, running < jobs else { return nil }
    var best: (pool: Int, entry: (priority: Double, target: TargetID))?
    for (number, pool) in pools.enumerated() where pool.running < pool.limit {
      guard let entry = pool.queued.first else { continue }
      if best.map({ TargetHeap.isBefore(entry, $0.entry) }) ?? true { best = (number, entry) }
    }
    guard let best, let target = pools[best.pool].queued.removeFirst() else { return nil }
    set(target, .running)
    return target
  }

  /// A target is done: fresh, built, or not. Returns the targets that can no longer be built because of it.
  package mutating func finish(_ target: TargetID, ok: Bool, stops: Bool = true) -> [TargetID] {
    if state(target) == .running {
      running -= 1
      pools[pool(of: target)].running -= 1
    }
    set(target, .done(ok: ok))
    guard ok else {
      if stops && !keepsGoing { stop() }
      return skipDependents(of: target)
    }
    for dependent in graph.dependents(target) where state(dependent) == .waiting {
      remaining[Int(dependent.index)] -= 1
      if remaining[Int(dependent.index)] == 0 { set(dependent, .ready) }
    }
    return []
  }

  /// Starts nothing new any more; what runs goes on.
  package mutating func stop() { isStopping = true }

  private mutating func skipDependents(of target: TargetID) -> [TargetID] {
    var skipped: [TargetID] = []
    var stack = [target]
    while let next = stack.popLast() {
      for dependent in graph.dependents(next) where state(dependent) == .waiting {
        set(dependent, .done(ok: false))
        skipped.append(dependent)
        stack.append(dependent)
      }
    }
    return skipped.sorted()
  }

  private func pool(of target: TargetID) -> Int { poolOf[Int(graph.optionsOf[Int(target.index)])] }

  /// Every transition passes here.
  private mutating func set(_ target: TargetID, _ state: State) {
    states[Int(target.index)] = state
    switch state {
    case .ready: ready.append(target)
    case .queued: pools[pool(of: target)].queued.insert(target, priority: priority(target))
    case .running:
      running += 1
      pools[pool(of: target)].running += 1
    case .unwanted, .waiting, .checking, .done: break
    }
  }
}

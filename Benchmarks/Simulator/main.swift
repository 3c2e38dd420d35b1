/// Runs the program's own schedule over simulated clusters, on a clock that only exists here.
///
/// usage: Simulator MACHINES JOBS SEED SPREAD -> one JSON object on standard output
import StackMake

let words = CommandLine.arguments.dropFirst().compactMap { Double($0) }
guard words.count == 4, words[0] >= 1, words[1] >= 1 else {
  fatalError("usage: Simulator MACHINES JOBS SEED SPREAD")
}
let jobs = Int(words[1])
let cluster = try Cluster(machines: Int(words[0]), spread: words[3], seed: UInt64(words[2]))
let graph = cluster.graph

/// What runs, by the time when it ends.
struct Running {
  private var heap: [(end: Double, target: TargetID)] = []

  mutating func insert(_ target: TargetID, end: Double) {
    heap.append((end, target))
    var at = heap.count - 1
    while at > 0, heap[at].end < heap[(at - 1) / 2].end {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  mutating func removeFirst() -> (end: Double, target: TargetID)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var at = 0
    while true {
      let children = [2 * at + 1, 2 * at + 2].filter { $0 < heap.count }
      guard let child = children.min(by: { heap[$0].end < heap[$1].end }), heap[child].end < heap[at].end else { break }
      heap.swapAt(at, child)
      at = child
    }
    return first
  }
}

/// - Parameter estimate: what the schedule is told of each target.
func simulate(_ estimate: (TargetID) -> Double) -> (makespan: Double, microseconds: Double) {
  let clock = ContinuousClock()
  var own = Duration.zero
  var now = 0.0
  var running = Running()
  var begin = clock.now
  var schedule = Schedule(
    graph: graph, wanted: graph.topologicalOrder, jobs: jobs, keepsGoing: false, seconds: estimate)
  while true {
    while let target = schedule.check() { schedule.queue(target) }
    var started: [TargetID] = []
    while let target = schedule.start() { started.append(target) }
    own += clock.now - begin
    for target in started { running.insert(target, end: now + cluster.actual[Int(target.index)]) }
    guard let next = running.removeFirst() else { break }
    now = next.end
    begin = clock.now
    _ = schedule.finish(next.target, ok: true)
  }
  let (seconds, attoseconds) = own.components
  let microseconds = (Double(seconds) * 1e6 + Double(attoseconds) / 1e12) / Double(graph.count)
  return (now, microseconds)
}

let bounds = cluster.bounds(jobs: jobs)
let bound = bounds.tight
let known = simulate { cluster.expected[Int($0.index)] }
let exact = simulate { cluster.actual[Int($0.index)] }
let guesses = ["server": 60.0, "stacked": 900, "ssh-mesh": 5, "image-validated": 5]
let first = simulate { Estimates(graph: graph, history: [:], guesses: guesses).seconds($0) }
let blind = simulate { _ in 0 }
print(
  """
  {"machines": \(Int(words[0])), "jobs": \(jobs), "targets": \(graph.count), "simple": \(known.makespan / bounds.simple), \
  "exact": \(exact.makespan / bound), "history": \(known.makespan / bound), "guesses": \(first.makespan / bound), "none": \(blind.makespan / bound), \
  "microseconds": \(known.microseconds)}
  """)

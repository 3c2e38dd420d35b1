package import StackMake
import Synchronization

/// A record that is gone with the process: for tests of what stands on a store.
package final class InMemoryStore: Store {
  private struct State {
    var traces: [String: Trace] = [:]
    var steps: [String: [Int: StepRecord]] = [:]
    var failures: [String: Failure] = [:]
    var running: [String: Double] = [:]
    var intents: [Int64: Intent] = [:]
    var lastIntent: Int64 = 0
    var registers: [String: String] = [:]
    var secrets: [String: String] = [:]
    var runs: [Run] = []
    var durations: [String: [Int64: Double]] = [:]
    var points: [String] = []
    var marks: [[BuildMark]] = []
    var turns: [Turn] = []
    var requests: [Int64: [RequestCount]] = [:]
    var kept: [String: [KeptText]] = [:]

    mutating func add(_ turn: Turn) {
      turns.removeAll { $0.run == turn.run && $0.target == turn.target }
      turns.append(turn)
    }

    mutating func apply(_ set: [String: String?]) {
      for (name, value) in set { registers[name] = value }
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// The names of the writes so far, as `SQLiteStore` tells its hook.
  package var points: [String] { state.withLock { $0.points } }

  /// What was noted of builds, by transaction.
  package var marks: [[BuildMark]] { state.withLock { $0.marks } }

  package func traces() -> [String: Trace] { state.withLock { $0.traces } }
  package func trace(of target: String) -> Trace? { state.withLock { $0.traces[target] } }

  package func finish(_ trace: Trace) { finish(trace, turn: nil, kept: []) }
  package func fail(_ failure: Failure) { fail(failure, turn: nil) }

  package func finish(_ trace: Trace, turn: Turn?, kept: [KeptText]) {
    state.withLock {
      $0.kept[trace.target] = kept
      if let turn { $0.add(turn) }
      $0.points.append("finish")
      $0.traces[trace.target] = trace
      $0.durations[trace.target, default: [:]][trace.run] = trace.seconds
      for run in $0.durations[trace.target, default: [:]].keys.sorted().dropLast(5) {
        $0.durations[trace.target]?[run] = nil
      }
      $0.failures[trace.target] = nil
      $0.steps[trace.target] = nil
      $0.running[trace.target] = nil
    }
  }

  package func forget(_ targets: [String]) {
    state.withLock {
      $0.points.append("forget")
      for target in targets {
        $0.traces[target] = nil
        $0.kept[target] = nil
        $0.failures[target] = nil
        $0.steps[target] = nil
        $0.running[target] = nil
      }
    }
  }

  package func progress(of target: String) -> [StepRecord] {
    state.withLock { $0.steps[target, default: [:]].values.sorted { $0.number < $1.number } }
  }

  package func mark(_ marks: [BuildMark], of target: String) {
    state.withLock { state in
      state.marks.append(marks)
      for mark in marks {
        state.points.append(mark.point)
        switch mark {
        case .start(_, let at): state.running[target] = at
        case .step(let step): state.steps[target, default: [:]][step.number] = step
        case .forgetSteps(let number): state.steps[target] = state.steps[target]?.filter { $0.key < number }
        }
      }
    }
  }

  package func failures() -> [String: Failure] { state.withLock { $0.failures } }

  package func running() -> [String: Double] { state.withLock { $0.running } }

  package func fail(_ failure: Failure, turn: Turn?) {
    state.withLock {
      if let turn { $0.add(turn) }
      $0.points.append("fail")
      $0.failures[failure.target] = failure
      $0.running[failure.target] = nil
    }
  }

  package func begin(_ intent: Intent) -> Int64 {
    state.withLock {
      $0.points.append("journal:\(intent.action)")
      $0.lastIntent += 1
      var intent = intent
      intent.id = $0.lastIntent
      $0.intents[intent.id] = intent
      return intent.id
    }
  }

  package func note(_ intent: Int64, values: [String: String]) throws(StoreError) {
    try state.withLock { (state) throws(StoreError) in
      guard state.intents[intent] != nil else {
        throw StoreError(
          code: .other, operation: "journal: note what came of intent \(intent)", path: "memory",
          cause: "there is no such open intent")
      }
      state.points.append("note")
      state.intents[intent]?.values.merge(values) { $1 }
    }
  }

  package func settle(_ intent: Int64, set: [String: String?]) {
    state.withLock {
      $0.points.append("settle")
      $0.intents[intent] = nil
      $0.apply(set)
    }
  }

  package func intents() -> [Intent] { state.withLock { $0.intents.values.sorted { $0.id < $1.id } } }

  package func registers(prefix: String) -> [String: String] {
    state.withLock { $0.registers.filter { $0.key.hasPrefix(prefix) } }
  }

  package func set(_ registers: [String: String?]) {
    state.withLock {
      $0.points.append("set")
      $0.apply(registers)
    }
  }

  package func secret(_ name: String) -> String? { state.withLock { $0.secrets[name] } }

  package func secret(_ name: String, make: () -> String) -> String {
    state.withLock {
      if let stored = $0.secrets[name] { return stored }
      let made = make()
      $0.points.append("secret")
      $0.secrets[name] = made
      return made
    }
  }

  package func beginRun(_ run: Run) -> Int64 {
    state.withLock {
      $0.points.append("run:begin")
      var run = run
      run.id = Int64($0.runs.count + 1)
      $0.runs.append(run)
      return run.id
    }
  }

  package func endRun(_ run: Int64, at: Double, status: Int32, turns: [Turn], requests: [RequestCount]) {
    state.withLock {
      $0.points.append("run:end")
      for turn in turns { $0.add(turn) }
      if !requests.isEmpty { $0.requests[run] = requests }
      let kept = Set($0.turns.map(\.run)).union($0.requests.keys).sorted().suffix(runsKept)
      $0.turns.removeAll { !kept.contains($0.run) }
      $0.requests = $0.requests.filter { kept.contains($0.key) }
      guard let index = $0.runs.firstIndex(where: { $0.id == run }) else { return }
      $0.runs[index].endedAt = at
      $0.runs[index].status = status
    }
  }

  package func turns(of run: Int64) -> [Turn] {
    state.withLock { state in
      state.turns.filter { $0.run == run }.sorted { ($0.endedAt, $0.target) < ($1.endedAt, $1.target) }
    }
  }

  package func lastBuilt(_ target: String) -> Turn? {
    state.withLock { state in
      state.turns.filter { $0.target == target && $0.outcome == "built" }.max { $0.run < $1.run }
    }
  }

  package func runsWithTurns() -> [Int64] { state.withLock { Set($0.turns.map(\.run)).sorted(by: >) } }

  package func requests(of run: Int64) -> [RequestCount] {
    state.withLock { state in
      state.requests[run, default: []].sorted {
        ($0.host, $0.path, $0.method, $0.status) < ($1.host, $1.path, $1.method, $1.status)
      }
    }
  }

  package func keptText(_ digest: Fingerprint) -> String? {
    state.withLock { $0.kept.values.joined().first { $0.digest == digest }?.text }
  }

  package func runs(limit: Int) -> [Run] { state.withLock { Array($0.runs.reversed().prefix(max(0, limit))) } }

  package func durations() -> [String: Double] {
    state.withLock { $0.durations.mapValues { Estimates.median(Array($0.values)) } }
  }
}

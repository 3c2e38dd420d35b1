import Synchronization

/// A run as Chrome trace events, which Perfetto and chrome://tracing open: a lane for each target, with its steps in it.
///
/// The file is an array whose end is written with the run's. Readers of the format accept an array without its `]`
/// ("the JSON Array Format … the ']' at the end is optional"), so a file that was cut off is good, too.
package final class ChromeTraceReporter: Reporter {
  private struct State {
    var startedAt: Double
    var isOver = false
    var lanes: [String: Int] = [:]
    /// Open steps by target: a target that fails in a step closes both.
    var openSteps: [String: Int] = [:]
    /// Targets whose step is in a phase, which lies in the step.
    var openPhases: Set<String> = []
    var started: Set<String> = []
  }

  private let sink: any TextSink
  private let now: @Sendable () -> Double
  private let state: Mutex<State>

  /// `now` in seconds on any clock; the first call is time 0 of the trace.
  package init(sink: any TextSink, now: @escaping @Sendable () -> Double) {
    self.sink = sink
    self.now = now
    state = Mutex(State(startedAt: now()))
    sink.write("[\n" + #"{"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"stackmake"}}"#)
  }

  package func report(_ event: Event) {
    let now = now()
    // Written under the lock: the order in the file is that of the stamps.
    state.withLock { state in
      guard !state.isOver else { return }
      let stamp = Int(((now - state.startedAt) * 1e6).rounded())
      switch event {
      case .started(let target, let reasons, _):
        state.started.insert(target)
        let lane = lane(of: target, &state)
        write(
          #"{"name":\#(JSONText.quoted(target)),"cat":"target","ph":"B","ts":\#(stamp),"pid":1,"tid":\#(lane),"#
            + #""args":{"why":\#(JSONText.quoted(ReasonText.text(reasons)))}}"#)
      case .stepStarted(let target, let number, let count, let text, _):
        state.openSteps[target, default: 0] += 1
        let lane = lane(of: target, &state)
        write(
          #"{"name":"step \#(number)","cat":"step","ph":"B","ts":\#(stamp),"pid":1,"tid":\#(lane),"#
            + #""args":{"of":\#(count),"text":\#(JSONText.quoted(text))}}"#)
      case .phase(let target, _, let phase, _):
        // A step at several places has a phase at each: only one after another fit into a lane.
        endPhase(of: target, stamp, &state)
        state.openPhases.insert(target)
        let lane = lane(of: target, &state)
        write(
          #"{"name":\#(JSONText.quoted(phase.name)),"cat":"phase","ph":"B","ts":\#(stamp),"pid":1,"tid":\#(lane)}"#)
      case .stepFinished(let target, _, _):
        guard let open = state.openSteps[target], open > 0 else { return }
        endPhase(of: target, stamp, &state)
        state.openSteps[target] = open - 1
        end(target, stamp, &state)
      case .finished(let target, let outcome, _):
        guard state.started.remove(target) != nil else { return }
        endPhase(of: target, stamp, &state)
        for _ in 0..<(state.openSteps.removeValue(forKey: target) ?? 0) { end(target, stamp, &state) }
        end(target, stamp, &state, outcome: outcome.name)
      case .runFinished:
        for target in state.started.sorted() { end(target, stamp, &state, outcome: "unfinished") }
        state.isOver = true
        sink.write("\n]\n")
      case .runStarted, .forecast, .output, .note, .warning, .trace: break
      }
    }
  }

  private func lane(of target: String, _ state: inout State) -> Int {
    if let lane = state.lanes[target] { return lane }
    let lane = state.lanes.count + 1
    state.lanes[target] = lane
    write(
      #"{"name":"thread_name","ph":"M","pid":1,"tid":\#(lane),"args":{"name":\#(JSONText.quoted(target))}}"#)
    return lane
  }

  private func endPhase(of target: String, _ stamp: Int, _ state: inout State) {
    if state.openPhases.remove(target) != nil { end(target, stamp, &state) }
  }

  private func end(_ target: String, _ stamp: Int, _ state: inout State, outcome: String? = nil) {
    let args = outcome.map { #","args":{"outcome":"\#($0)"}"# } ?? ""
    write(#"{"ph":"E","ts":\#(stamp),"pid":1,"tid":\#(state.lanes[target] ?? 0)\#(args)}"#)
  }

  private func write(_ object: String) {
    sink.write(",\n" + object)
  }
}

package import StackMake
import Synchronization

/// Runs no step: keeps what it was asked, and fails or holds steps where a test says so.
///
/// A step is named `TARGET NUMBER`, with its number from 1; a test may name a whole target, too.
package final class FakeRunner: StepRunner {
  private struct State {
    var calls: [String] = []
    var texts: [String: String] = [:]
    var files: [String: [ResolvedFile]] = [:]
    var onceIDs: [String] = []
    var failures: [String: Int] = [:]
    var isHeld: Set<String> = []
    var output: [String: [String]] = [:]
    var running: Set<String> = []
    var most = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// Steps that were run, in the order in which they started; with ` @PLACE` where they have one.
  package var calls: [String] { state.withLock { $0.calls } }
  /// Targets of which a step ran, each once, in the order of their first steps.
  package var targets: [String] {
    var seen: Set<String> = []
    return calls.map { String($0.prefix { $0 != " " }) }.filter { seen.insert($0).inserted }
  }
  package var running: Set<String> { state.withLock { $0.running } }
  /// How many steps ran at once at most.
  package var most: Int { state.withLock { $0.most } }
  package var onceIDs: [String] { state.withLock { $0.onceIDs } }
  package func text(of step: String) -> String? { state.withLock { $0.texts[step] } }
  package func files(of step: String) -> [ResolvedFile]? { state.withLock { $0.files[step] } }

  package func forgetCalls() {
    state.withLock {
      $0.calls = []
      $0.most = 0
    }
  }

  /// The step fails the next `times` times.
  package func fail(_ step: String, times: Int = .max) { state.withLock { $0.failures[step] = times } }
  package func succeed(_ step: String) { state.withLock { $0.failures[step] = nil } }
  /// What the step prints in place of `done`.
  package func prints(_ step: String, _ lines: [String]) { state.withLock { $0.output[step] = lines } }
  /// The step doesn't end until it is released, or its task is cancelled.
  package func hold(_ step: String) { _ = state.withLock { $0.isHeld.insert(step) } }
  package func release(_ step: String) { _ = state.withLock { $0.isHeld.remove(step) } }

  package func run(_ step: ResolvedStep, at site: StepSite?, events: StepEvents) async throws(StepError) {
    let name = "\(step.target) \(step.number)"
    let call = site.map { "\(name) @\($0.name)" } ?? name
    state.withLock { state in
      state.calls.append(call)
      switch step.body {
      case .script(let text): state.texts[name] = text
      case .files(let files): state.files[name] = files
      }
      if let id = step.onceID { state.onceIDs.append(id) }
      state.running.insert(call)
      state.most = max(state.most, state.running.count)
    }
    defer { _ = state.withLock { $0.running.remove(call) } }
    while state.withLock({ $0.isHeld.contains(name) || $0.isHeld.contains(step.target) }) {
      if Task.isCancelled {
        throw StepError(.interrupted, operation: "run", subject: step.target, cause: "interrupted")
      }
      try? await Task.sleep(for: .milliseconds(1))
    }
    let fails = state.withLock { state in
      for key in [call, name, step.target] {
        guard let left = state.failures[key], left > 0 else { continue }
        state.failures[key] = left - 1
        return true
      }
      return false
    }
    if fails {
      throw StepError(
        operation: "run step \(step.number) of \(step.count)", subject: site?.name ?? step.target,
        cause: "exit status 1")
    }
    for line in state.withLock({ $0.output[name] ?? ["done"] }) { events.line(line) }
  }
}

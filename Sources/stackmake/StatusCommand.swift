import ArgumentParser
import StackMake
import Targets

/// `stackmake status`
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Each target: up to date, stale and why, locked, running, failed; each server.")

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("Targets or globs; NAME=VALUE sets a variable.", valueName: "target"))
  var words: [String] = []

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    let targets = try session.targets(goals)
    let standing = try await Standing(session, targets)
    let waits = Self.waiting(standing.plan, session.graph, failed: Set(standing.assessor.failures.keys))
    let rows = standing.plan.map { planned in
      StatusRow(
        planned, session.graph, standing.assessor, waitsFor: waits[planned.target],
        isRunning: standing.running.contains(session.graph.name(planned.target)))
    }
    let now = Session.now()
    if session.options.json {
      Console.write(rows.map { standing.redactor.redact($0.record.line) }.joined(), to: .standardOutput)
    } else {
      let width = rows.map(\.name.count).max() ?? 0
      let lines = rows.map { $0.line(width: width, now: now) + "\n" }
      Console.write(standing.redactor.redact(lines.joined()), to: .standardOutput)
    }
  }
}

extension StatusCommand {
  /// For each target that isn't up to date the failed one that it waits for.
  static func waiting(_ plan: [PlannedTarget], _ graph: Graph, failed: Set<String>) -> [TargetID: String] {
    var waits: [TargetID: String] = [:]
    // Dependencies come first in a plan.
    for planned in plan where planned.state == .stale && !failed.contains(graph.name(planned.target)) {
      for dependency in graph.dependencies(planned.target, for: .order) {
        let name = graph.name(dependency)
        if let cause = failed.contains(name) ? name : waits[dependency] {
          waits[planned.target] = cause
          break
        }
      }
    }
    return waits
  }
}

/// One target's line.
struct StatusRow {
  let name: String
  let state: String
  let why: String
  let builtAt: Double?
  let place: String
  let record: JSONTarget

  init(
    _ planned: PlannedTarget, _ graph: Graph, _ assessor: Assessor, waitsFor failed: String?, isRunning: Bool
  ) {
    name = graph.name(planned.target)
    let trace = assessor.traces[name]
    builtAt = trace?.builtAt
    var error: StepError?
    if isRunning {
      (state, why) = ("running", "")
    } else if case .locked(let lock) = planned.state {
      error = lock
      // What changed; that it failed before is what the lock says itself.
      let changes = planned.reasons.filter { if case .changed = $0 { true } else { false } }
      (state, why) = ("locked", lock.cause + (changes.isEmpty ? "" : " (\(ReasonText.text(changes)))"))
    } else if case .blocked(let blocker) = planned.state {
      (state, why) = ("unknown", "waits for `\(blocker)`")
    } else if let failure = assessor.failures[name] {
      error = failure.error
      (state, why) = ("failed", failure.error.cause.split(separator: "\n").first.map(String.init) ?? "")
    } else if let failed {
      (state, why) = ("unknown", "waits for `\(failed)`, which failed")
    } else {
      (state, why) = (planned.state.word, ReasonText.text(planned.reasons))
    }
    place =
      trace.flatMap { trace in
        ServerOutputs(trace.outputs).map { "\($0.ip), id \($0.id), generation \($0.generation), \($0.trust.text)" }
      } ?? ""
    record = JSONTarget(
      type: "status", target: name, kind: graph.kind(planned.target), state: state, reasons: planned.reasons,
      error: error, builtAt: builtAt)
  }

  func line(width: Int, now: Double) -> String {
    var text = name + String(repeating: " ", count: width - name.count) + "  "
    text += state == "fresh" ? "up to date" : state
    if state == "fresh", let builtAt { text += ", built \(AgeText.text(now - builtAt)) ago" }
    if !place.isEmpty { text += " (\(place))" }
    if !why.isEmpty { text += ": \(why)" }
    return text
  }
}

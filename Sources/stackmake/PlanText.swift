import StackMake

/// What `-n` prints.
struct PlanText {
  let graph: Graph
  let json: Bool

  func write(_ plan: [PlannedTarget]) {
    var lines: [String] = []
    var stale = 0
    var locked = 0
    for target in plan {
      let name = graph.name(target.target)
      if json {
        lines.append(PlanRecord(name, target).line)
        continue
      }
      switch target.state {
      case .fresh: continue
      case .stale:
        stale += 1
        lines.append("\(name): \(target.reasons.map { ReasonText.text($0) }.joined(separator: "; "))")
        for step in target.steps { lines += text(step) }
      case .locked(let error):
        locked += 1
        lines.append("\(name): locked: \(error.cause)")
        if let hint = error.hint { lines.append("    hint: \(hint)") }
      case .blocked(let blocker):
        lines.append("\(name): waits for `\(blocker)`, which is locked")
      }
    }
    if !json {
      if stale == 0 && locked == 0 {
        lines.append("stackmake: \(Count(plan.count, "target")) up to date, nothing to do")
      } else {
        var parts = ["\(Count(stale, "target")) would be built"]
        if locked > 0 { parts.append("\(locked) locked") }
        lines.append("stackmake: \(parts.joined(separator: ", "))")
      }
    }
    Console.write(lines.joined(separator: "\n") + "\n", to: .standardOutput)
  }

  private func text(_ step: PlannedTarget.Step) -> [String] {
    let lines = step.text.split(separator: "\n", omittingEmptySubsequences: false)
    let place = step.places.isEmpty ? "" : "[\(step.places.joined(separator: " "))] "
    let number = step.number.map { "\($0): " } ?? ""
    return ["    \(number)\(place)\(lines.first ?? "")"] + lines.dropFirst().map { "        \($0)" }
  }
}

/// `1 target`, `2 targets`.
struct Count: CustomStringConvertible {
  let description: String

  init(_ count: Int, _ noun: String) { description = "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

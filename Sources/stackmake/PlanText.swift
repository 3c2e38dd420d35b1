import StackMake

/// What `-n` prints.
struct PlanText {
  let graph: Graph
  let json: Bool

  func text(_ plan: [PlannedTarget]) -> String {
    if json { return plan.map { record($0).line }.joined() }
    var lines: [String] = []
    var stale = 0
    var locked = 0
    for target in plan {
      let name = graph.name(target.target)
      switch target.state {
      case .fresh: continue
      case .stale:
        stale += 1
        lines.append("\(name): \(ReasonText.text(target.reasons))")
        for step in target.steps { lines += self.lines(step) }
      case .locked(let error):
        locked += 1
        lines.append("\(name): locked: \(error.cause)")
        if !target.reasons.isEmpty { lines.append("    because \(ReasonText.text(target.reasons))") }
        if let hint = error.hint { lines.append("    hint: \(hint)") }
      case .blocked(let blocker):
        lines.append("\(name): waits for `\(blocker)`, which is locked")
      }
    }
    if stale == 0 && locked == 0 {
      lines.append(Self.nothingToDo(plan.count))
    } else {
      var parts = ["\(Count(stale, "target")) of \(plan.count) would be built"]
      if locked > 0 { parts.append("\(locked) locked") }
      lines.append("stackmake: \(parts.joined(separator: ", "))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func nothingToDo(_ count: Int) -> String {
    "stackmake: \(Count(count, "target")) up to date, nothing to do"
  }

  private func lines(_ step: PlannedTarget.Step) -> [String] {
    let lines = step.text.split(separator: "\n", omittingEmptySubsequences: false)
    let place = step.places.isEmpty ? "" : "[\(step.places.joined(separator: " "))] "
    let number = step.number.map { "\($0): " } ?? ""
    return ["    \(number)\(place)\(lines.first ?? "")"] + lines.dropFirst().map { "        \($0)" }
  }

  private func record(_ target: PlannedTarget) -> JSONTarget {
    var record = JSONTarget(
      type: "plan", target: graph.name(target.target), kind: graph.kind(target.target), state: target.state.word,
      reasons: target.reasons)
    let recipe = graph.recipe(target.target)
    record.steps = target.steps.map { step in
      JSONStep(
        number: step.number ?? 0, text: step.text,
        place: step.places.isEmpty ? nil : step.places.joined(separator: " "),
        once: step.number.map { recipe[$0 - 1].isOnce } ?? false)
    }
    if case .locked(let error) = target.state { record.error = JSONError(error) }
    return record
  }
}

/// `1 target`, `2 targets`.
struct Count: CustomStringConvertible {
  let description: String

  init(_ count: Int, _ noun: String) {
    description = "\(count) \(noun)\(count == 1 ? "" : noun.hasSuffix("s") ? "es" : "s")"
  }
}

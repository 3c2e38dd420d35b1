/// Events as lines of text, each with its target before it.
package struct EventText: Sendable {
  package enum Verbosity: Sendable, Hashable, Comparable {
    /// What went wrong.
    case silent
    case normal
    /// Commands and requests, and targets that needed nothing, too.
    case verbose
  }

  package var verbosity: Verbosity

  package init(verbosity: Verbosity) { self.verbosity = verbosity }

  /// No lines where the event isn't shown at this verbosity.
  package func lines(_ event: Event) -> [String] {
    switch event {
    case .runStarted, .forecast: return []
    case .started(let target, let reasons, _):
      let why = reasons.isEmpty ? "" : " (\(ReasonText.text(reasons)))"
      return line(.normal, target, "building\(why)")
    case .stepStarted(let target, let number, let count, let text, let place):
      return line(.normal, target, "step \(number) of \(count)\(Self.site(target, place)): \(text)")
    case .output(let target, let place, let text):
      return line(.normal, target + Self.tag(target, place), text)
    case .phase(let target, let place, let phase, _):
      return line(.normal, target + Self.tag(target, place), phase.text)
    case .stepFinished(let target, let number, let seconds):
      return line(.verbose, target, "step \(number) took \(DurationText.text(seconds))")
    case .note(let target, let text): return line(.normal, target, text)
    case .warning(let target, let text): return line(.silent, target, "warning: \(text)")
    case .trace(let target, let text): return line(.verbose, target, "+ \(text)")
    case .finished(let target, let outcome, let seconds): return finished(target, outcome, seconds)
    case .runFinished(let summary):
      let isFine = summary.failed + summary.locked + summary.interrupted + summary.skipped == 0
      if isFine && verbosity < .normal { return [] }
      let table = verbosity < .normal ? [] : ServerTable.lines(summary.servers)
      return table + SummaryText.text(summary).split(separator: "\n").map(String.init)
    }
  }

  private func finished(_ target: String, _ outcome: Outcome, _ seconds: Double) -> [String] {
    switch outcome {
    case .fresh: line(.verbose, target, "up to date")
    case .built: line(.normal, target, "built in \(DurationText.text(seconds))")
    case .failed(let error): line(.silent, target, "failed: \(error)")
    case .locked(let error, let reasons):
      line(.silent, target, "locked: \(error.text(because: reasons))")
    case .skipped(let dependency): line(.normal, target, "skipped: it depends on `\(dependency)`")
    case .interrupted: line(.silent, target, "interrupted after \(DurationText.text(seconds))")
    }
  }

  /// One line for each line of `text`: the first with the target, the rest indented below it by their own text.
  private func line(_ least: Verbosity, _ target: String?, _ text: String) -> [String] {
    guard verbosity >= least else { return [] }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { part in
      "\(target ?? "stackmake"): \(DisplayText.clean(String(part)))"
    }
  }

  /// A place is named where the target's own name doesn't.
  static func tag(_ target: String, _ place: String?) -> String {
    guard let place, !target.hasSuffix("/\(place)") else { return "" }
    return " (\(place))"
  }

  static func site(_ target: String, _ place: String?) -> String {
    guard let place, !target.hasSuffix("/\(place)") else { return "" }
    return " on \(place)"
  }
}

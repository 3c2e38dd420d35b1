/// The last line of a run.
package enum SummaryText {
  /// `stackmake: 14 targets: 9 fresh, 3 built, 1 failed, 1 skipped (42 s)`
  package static func text(_ summary: Summary) -> String {
    if summary.wanted == 0 { return "stackmake: nothing to do" }
    if summary.fresh == summary.wanted { return upToDate(summary.wanted) }
    let counts = [
      (summary.fresh, "fresh"), (summary.built, "built"), (summary.failed, "failed"), (summary.locked, "locked"),
      (summary.skipped, "skipped"), (summary.interrupted, "interrupted"),
    ]
    var parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let rest = summary.wanted - counts.reduce(0) { $0 + $1.0 }
    if rest > 0 { parts.append("\(rest) not reached") }
    let hint = hint(summary.freshStarts.sorted())
    return
      "stackmake: \(targets(summary.wanted)): \(parts.joined(separator: ", ")) (\(DurationText.text(summary.seconds)))\(hint)"
  }

  /// `stackmake: 14 targets are up to date`
  package static func upToDate(_ count: Int) -> String {
    "stackmake: \(targets(count)) \(count == 1 ? "is" : "are") up to date"
  }

  private static func targets(_ count: Int) -> String { "\(count) target\(count == 1 ? "" : "s")" }

  /// One command for all that are locked, where there are several.
  private static func hint(_ names: [String]) -> String {
    guard names.count > 1 else { return "" }
    guard names.count <= 12 else {
      return
        "\n  hint: `stackmake clean` of the \(names.count) that are locked gives them all a fresh start; it takes globs"
    }
    return "\n  hint: `stackmake clean \(names.joined(separator: " "))` gives all of them a fresh start"
  }
}

/// A failure as a terminal shows it: what failed and where, the command, what came back, what to do, and where all of it is.
///
/// ```
/// ┌ web failed on web-1 after 12 s
/// │ step 2 of 3: apt-get install nginx
/// │ run step 2 of 3: web: exited with status 100
/// │ E: Unable to locate package nginx
/// │ hint: …
/// └ all of it: stackmake log web (.stackmake/logs/web/3.log)
/// ```
struct FailureFrame: Sendable, Hashable {
  var target: String
  var error: StepError
  /// A step that must run only once began: it is not tried again.
  var isLocked = false
  /// The place of the step that ran last; nil for this machine.
  var place: String?
  /// `step 2 of 3: apt-get install nginx`; "" where none began.
  var step: String
  /// The phase that it was in; "" where it named none.
  var phase = ""
  /// How long the target's build took, in seconds.
  var seconds: Double
  /// The file of its log; nil where it isn't kept.
  var log: String?

  /// Its lines, none wider than `width` columns where that is enough for a word.
  func lines(width: Int) -> [String] {
    let site = place.map { " on \($0)" } ?? ""
    var inner: [String] = []
    if !step.isEmpty { inner.append(step) }
    if !phase.isEmpty { inner.append("in \(phase)") }
    inner += "\(error.operation): \(error.subject): \(error.cause)".split(separator: "\n").map(String.init)
    if let hint = error.hint { inner += "hint: \(hint)".split(separator: "\n").map(String.init) }
    let room = max(16, width - 2)
    var lines = wrapped(
      "\(target) failed\(site) after \(DurationText.text(seconds))\(isLocked ? ", and is locked" : "")", room,
      first: "┌ ")
    for text in inner { lines += wrapped(text, room, first: "│ ") }
    return lines
      + wrapped("all of it: stackmake log \(target)\(log.map { " (\($0))" } ?? "")", room, first: "└ ", next: "  ")
  }

  private func wrapped(_ text: String, _ room: Int, first: String, next: String = "│ ") -> [String] {
    DisplayText.wrapped(DisplayText.clean(text), to: room).enumerated().map { ($0 == 0 ? first : next) + $1 }
  }
}

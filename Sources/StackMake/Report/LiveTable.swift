/// What a terminal shows while a run goes on: a line for each running target, and a line for the whole.
///
/// A value: events in, lines out. Time is passed in, in seconds on any clock.
package struct LiveTable: Sendable {
  private struct Row {
    var target: String
    var startedAt: Double
    var expectedSeconds: Double?
    var step = ""
    var phase = ""
    var lastLine = ""
    /// Of its last step, for the frame of a failure.
    var command = ""
    var place: String?
  }

  private enum Scrolled: Sendable {
    case line(String)
    case failure(FailureFrame)
  }

  /// What only who runs it can say.
  package struct Words: Sendable {
    /// A time, in seconds on the table's clock, as the clock on the wall says it: `14:32`.
    package var clock: @Sendable (Double) -> String
    /// The file of a target's log in a run; nil where it isn't kept.
    package var log: @Sendable (_ target: String, _ run: Int64) -> String?

    package init(
      clock: @escaping @Sendable (Double) -> String,
      log: @escaping @Sendable (_ target: String, _ run: Int64) -> String?
    ) {
      self.clock = clock
      self.log = log
    }
  }

  /// In the order they started.
  private var rows: [Row] = []
  private var startedAt: Double
  private var expectedEnd: Double?
  private var wanted = 0
  private var done = 0
  private var failed = 0
  private let text: EventText
  private let isVerbose: Bool
  private let hasColor: Bool
  private let words: Words
  private var run: Int64 = 0
  /// Lines that are final and go above the table.
  private var scrolled: [Scrolled] = []
  private(set) package var isFinished = false

  package init(now: Double, verbosity: EventText.Verbosity, hasColor: Bool, words: Words) {
    startedAt = now
    self.words = words
    text = EventText(verbosity: verbosity)
    isVerbose = verbosity == .verbose
    self.hasColor = hasColor
  }

  package mutating func apply(_ event: Event, now: Double) {
    switch event {
    case .runStarted(let run, let wanted):
      (self.run, self.wanted) = (run, wanted)
      startedAt = now
    case .forecast(let secondsLeft): expectedEnd = now + secondsLeft
    case .started(let target, let reasons, let expected):
      rows.append(Row(target: target, startedAt: now, expectedSeconds: expected))
      update(target) { $0.lastLine = ReasonText.text(reasons) }
    case .stepStarted(let target, let number, let count, let text, let place):
      update(target) {
        $0.step = "step \(number)/\(count)\(EventText.site(target, place)) "
        $0.phase = ""
        $0.lastLine = DisplayText.clean(text)
        $0.command = "step \(number) of \(count): \(text)"
        $0.place = place
      }
    case .phase(let target, _, let phase, let left):
      update(target) {
        $0.phase = DisplayText.clean(phase.brief)
        $0.lastLine = ""
        if let left { $0.expectedSeconds = now + left - $0.startedAt }
      }
    case .output(let target, _, let line):
      let line = DisplayText.clean(line)
      if line.contains(where: { !$0.isWhitespace }) { update(target) { $0.lastLine = line } }
    case .note(let target?, let text): update(target) { $0.lastLine = DisplayText.clean(text) }
    case .finished(let target, let outcome, let seconds):
      let row = rows.last { $0.target == target }
      rows.removeAll { $0.target == target }
      done += 1
      if case .failed = outcome { failed += 1 }
      if let (error, isLocked) = Self.failure(outcome) {
        scrolled.append(
          .failure(
            FailureFrame(
              target: target, error: error, isLocked: isLocked, place: row?.place, step: row?.command ?? "",
              phase: row?.phase ?? "", seconds: seconds, log: words.log(target, run))))
        return
      }
    case .runFinished:
      rows = []
      isFinished = true
    case .note, .warning, .trace, .stepFinished: break
    }
    if isFinal(event) { scrolled += text.lines(event).enumerated().map { .line(color($1, event, isFirst: $0 == 0)) } }
  }

  /// The lines that went above the table since the last time.
  package mutating func takeScrolled(width: Int) -> [String] {
    defer { scrolled = [] }
    return scrolled.flatMap { entry -> [String] in
      switch entry {
      case .line(let line): return [line]
      case .failure(let frame):
        let lines = frame.lines(width: width)
        return hasColor ? lines.enumerated().map { $0 == 0 ? Self.colored($1, 31) : $1 } : lines
      }
    }
  }

  /// The table: fewer lines than `height`, each narrower than `width`.
  package func frame(width: Int, height: Int, now: Double) -> [String] {
    guard !isFinished, height > 1 else { return [] }
    let width = max(1, width - 1)
    let space = height - 2
    // The longest-running first: they are what one waits for.
    let shown = rows.count <= space ? rows[...] : rows.prefix(max(0, space - 1))
    let names = min(shown.map { DisplayText.width($0.target) }.max() ?? 0, max(8, width * 2 / 5))
    let times = shown.map { Self.time($0, now: now) }
    let timeWidth = times.map { DisplayText.width($0) }.max() ?? 0
    var lines = zip(shown, times).map { row, time in
      let name = DisplayText.padded(DisplayText.cut(row.target, to: names), to: names)
      let start = "  \(name)  \(DisplayText.padded(time, to: timeWidth))  "
      return DisplayText.cut(start + Self.work(row, room: width - DisplayText.width(start)), to: width)
    }
    if shown.count < rows.count, space > 0 {
      lines.append(DisplayText.cut("  and \(rows.count - shown.count) more", to: width))
    }
    return lines + [DisplayText.cut(total(now: now), to: width)]
  }

  /// Step, phase and last line. Where the phase is cut off by it, the step goes: it says less.
  private static func work(_ row: Row, room: Int) -> String {
    if row.phase.isEmpty { return row.step + row.lastLine }
    let phase = row.lastLine.isEmpty ? row.phase : "\(row.phase): \(row.lastLine)"
    return DisplayText.width(row.step + row.phase) <= room ? row.step + phase : phase
  }

  private static func time(_ row: Row, now: Double) -> String {
    let elapsed = max(0, now - row.startedAt)
    let text = wholeSeconds(elapsed)
    guard let expected = row.expectedSeconds, expected > elapsed else { return text }
    return "\(text), \(left(expected - elapsed))"
  }

  /// Tenths that change ten times a second say nothing.
  private static func wholeSeconds(_ seconds: Double) -> String {
    seconds < 10 ? "\(Int(seconds)) s" : DurationText.text(seconds)
  }

  private func total(now: Double) -> String {
    let elapsed = max(0, now - startedAt)
    var parts = ["\(done) of \(wanted) done", "\(rows.count) running"]
    if failed > 0 { parts.append("\(failed) failed") }
    parts.append(Self.wholeSeconds(elapsed))
    if let expectedEnd, expectedEnd > now {
      parts.append("\(Self.left(expectedEnd - now)), done at \(words.clock(expectedEnd))")
    }
    return "stackmake: " + parts.joined(separator: ", ")
  }

  private static func left(_ seconds: Double) -> String {
    "\(wholeSeconds(seconds.rounded(.up))) left"
  }

  /// What went wrong in this very run; a lock that was there before is no failure.
  private static func failure(_ outcome: Outcome) -> (error: StepError, isLocked: Bool)? {
    switch outcome {
    case .failed(let error): (error, false)
    case .locked(let error, because: []): (error, true)
    default: nil
    }
  }

  private mutating func update(_ target: String, _ change: (inout Row) -> Void) {
    // Searched from the end: who speaks is mostly who started last.
    if let index = rows.lastIndex(where: { $0.target == target }) { change(&rows[index]) }
  }

  private func isFinal(_ event: Event) -> Bool {
    switch event {
    case .finished, .warning, .runFinished, .note(nil, _): true
    default: isVerbose
    }
  }

  private func color(_ line: String, _ event: Event, isFirst: Bool) -> String {
    guard hasColor, isFirst else { return line }
    let code: Int
    switch event {
    case .finished(_, .locked, _), .finished(_, .interrupted, _), .warning: code = 33
    case .finished(_, .built, _): code = 32
    default: return line
    }
    return Self.colored(line, code)
  }

  private static func colored(_ line: String, _ code: Int) -> String { "\u{1b}[\(code)m\(line)\u{1b}[0m" }
}

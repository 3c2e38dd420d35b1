import Dispatch
import Synchronization

/// The live table on a terminal.
///
/// Reporting only changes a value; a thread of its own draws, ten times a second at most. `finish` must be called
/// before the program ends: it draws what is left and shows the cursor again.
package final class TerminalReporter: Reporter {
  package struct Size: Hashable, Sendable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }
  }

  /// Brings the cursor back; for an exit that can't wait.
  package static let restore = "\u{1b}[?25h"
  package static let hide = "\u{1b}[?25l"

  private struct State {
    var table: LiveTable
    var drawn: [String] = []
    var isHidden = false
    var isOver = false
  }

  private let sink: any TextSink
  private let size: @Sendable () -> Size
  private let now: @Sendable () -> Double
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "stackmake.terminal")

  /// `size` and `now` (in seconds) are asked at each drawing. With `interval` nil nothing is drawn until
  /// `draw` is called.
  package init(
    sink: any TextSink, verbosity: EventText.Verbosity, hasColor: Bool, size: @escaping @Sendable () -> Size,
    now: @escaping @Sendable () -> Double, words: LiveTable.Words, interval: Double? = 0.1
  ) {
    self.sink = sink
    self.size = size
    self.now = now
    state = Mutex(State(table: LiveTable(now: now(), verbosity: verbosity, hasColor: hasColor, words: words)))
    if let interval { schedule(interval) }
  }

  private func schedule(_ interval: Double) {
    queue.asyncAfter(deadline: .now() + interval) { @Sendable [weak self] in
      guard let self, !state.withLock({ $0.isOver }) else { return }
      drawNow()
      schedule(interval)
    }
  }

  package func report(_ event: Event) {
    let now = now()
    state.withLock { $0.table.apply(event, now: now) }
  }

  /// Draws now, in turn with the timer.
  package func draw() { queue.sync { @Sendable [self] in drawNow() } }

  /// Draws the last lines, takes the table away and shows the cursor. More calls do nothing.
  package func finish() {
    queue.sync { @Sendable [self] in
      let text = state.withLock { state -> String in
        guard !state.isOver else { return "" }
        state.isOver = true
        let text = Self.change(&state, frame: [], width: size().width)
        return state.isHidden ? text + Self.restore : text
      }
      if !text.isEmpty { sink.write(text) }
    }
  }

  private func drawNow() {
    let (size, now) = (size(), now())
    let text = state.withLock { state -> String in
      guard !state.isOver else { return "" }
      let frame = state.table.frame(width: size.width, height: size.height, now: now)
      let text = Self.change(&state, frame: frame, width: size.width)
      if text.isEmpty || state.isHidden { return text }
      state.isHidden = true
      return Self.hide + text
    }
    // Outside the lock: a terminal that doesn't read holds up no one who reports.
    if !text.isEmpty { sink.write(text) }
  }

  /// What takes the terminal from what is drawn to the lines to scroll and the new frame; "" where nothing changes.
  private static func change(_ state: inout State, frame: [String], width: Int) -> String {
    let scrolled = state.table.takeScrolled(width: width)
    if scrolled.isEmpty, frame == state.drawn { return "" }
    // Lines that were wider than the terminal is now have been wrapped by it.
    let rows = state.drawn.reduce(0) { $0 + max(1, (DisplayText.width($1) + width - 1) / max(1, width)) }
    state.drawn = frame
    var text = rows > 0 ? "\r\u{1b}[\(rows)A\u{1b}[J" : ""
    for line in scrolled + frame { text += line + "\n" }
    return text
  }
}

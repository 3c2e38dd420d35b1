/// When the phases of a target's steps began in its last good build, and what was left of it then. No I/O.
package struct PhaseTimes: Sendable {
  private let turn: Turn?

  /// - Parameter turn: of that build; nil where there was none.
  package init(_ turn: Turn?) { self.turn = turn }

  /// Seconds from the begin of that phase to the end of the target; nil where nobody knows.
  package func secondsLeft(step number: Int, phase: String) -> Double? {
    guard let turn, let step = turn.steps.last(where: { $0.number == number }), let whole = step.seconds,
      // A script that was tried again said it again: what counts is the time that went well.
      let began = step.phases.last(where: { $0.name == phase })?.at,
      // Of a step that was found running only its end was timed.
      began <= whole
    else { return nil }
    return turn.endedAt - step.startedAt - began
  }
}

/// What happens in a run, for whoever shows it.
package enum Event: Sendable, Hashable {
  /// A run begins: how many targets are wanted.
  case runStarted(run: Int64, wanted: Int)
  /// What the rest of the run should take, from earlier runs; said anew as the run goes on.
  case forecast(secondsLeft: Double)
  /// A target's build starts. `expectedSeconds` from earlier runs.
  case started(target: String, reasons: [StaleReason], expectedSeconds: Double?)
  /// A step of its recipe or of its kind starts: number from 1, `of` how many, its text (one line), the place (nil: this machine).
  case stepStarted(target: String, number: Int, of: Int, text: String, place: String?)
  /// A line of remote or local output, without its end of line.
  case output(target: String, place: String?, line: String)
  /// The script of the running step says which part of it begins. `secondsLeft` of the target, from its last build.
  case phase(target: String, place: String?, phase: Phase, secondsLeft: Double?)
  case stepFinished(target: String, number: Int, seconds: Double)
  /// Something worth knowing that isn't output: `waiting for ssh`, `attached to the running step`.
  case note(target: String?, text: String)
  case warning(target: String?, text: String)
  /// A command or request, for `-v`.
  case trace(target: String?, text: String)
  case finished(target: String, outcome: Outcome, seconds: Double)
  case runFinished(Summary)
}

/// What became of a target in a run.
package enum Outcome: Sendable, Hashable {
  case fresh
  case built
  case failed(StepError)
  /// With what makes it stale; empty where a step of this very run failed.
  case locked(StepError, because: [StaleReason] = [])
  /// Not tried, since that dependency failed or is locked.
  case skipped(because: String)
  case interrupted
}

package struct Summary: Sendable, Hashable {
  package var wanted = 0
  package var fresh = 0
  package var built = 0
  package var failed = 0
  package var locked = 0
  /// Of those that are locked the ones that a clean of theirs gives a fresh start, in the order of the run.
  package var freshStarts: [String] = []
  package var skipped = 0
  package var interrupted = 0
  package var seconds = 0.0
  /// What was done on each server, in the order of the layout.
  package var servers: [ServerWork.Row] = []
  /// Turns that aren't on record yet: of targets that were locked or interrupted.
  package var turns: [Turn] = []

  package init() {}
}

/// Who is told of events. Called from any thread, in order for each target; must return soon.
package protocol Reporter: Sendable {
  func report(_ event: Event)
  /// Several at once, in their order.
  func report(_ events: [Event])
}

extension Reporter {
  package func report(_ events: [Event]) { for event in events { report(event) } }
}

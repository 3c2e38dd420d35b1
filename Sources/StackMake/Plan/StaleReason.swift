/// Why a target is stale, with old and new.
package enum StaleReason: Hashable, Sendable {
  case neverBuilt
  /// A line of the manifest changed; nil where it wasn't there before, or isn't any more.
  case changed(key: String, old: String?, new: String?)
  /// The world no longer holds what was recorded.
  case drift(what: String, old: String, new: String)
  /// An earlier run stopped in the middle, at the step with that number (from 0).
  case unfinished(step: Int)
  /// Somebody builds it now, and is at the step with that number (from 0).
  case running(step: Int)
  case failedBefore(message: String)
  /// Asked for (`-B`).
  case forced
  /// Asked for, but what must run only once has run here: only the steps from that number on (from 0) run again.
  case forcedAfterOnce(step: Int)
  /// A dependency will run first, and its outputs may change (said in plans only).
  case dependencyWillRun(String)
}

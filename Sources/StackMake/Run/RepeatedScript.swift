/// The script of a step that is begun only once, and tried more often than once: it repeats itself where it runs, so that
/// it goes on with that when the connection is lost or stackmake is killed.
enum RepeatedScript {
  /// The script itself where it isn't such a step. Its lines keep their numbers.
  static func text(_ script: String, _ step: Step) -> String {
    guard step.isOnce, let retry = step.retry, retry.count > 1 else { return script }
    let (seconds, attoseconds) = retry.every.components
    let pause = Double(seconds) + Double(attoseconds) / 1e18
    // Not a condition of anything: in one, bash goes on after commands that fail.
    return """
      set +e; for stackmake_try in {1..\(retry.count)}; do ( set -e; \(script)
      )
      stackmake_status=$?
      [ $stackmake_status = 0 ] && exit 0
      [ $stackmake_try = \(retry.count) ] && exit $stackmake_status
      echo "attempt $stackmake_try of \(retry.count) failed: exit status $stackmake_status"
      sleep \(pause)
      done
      """
  }
}

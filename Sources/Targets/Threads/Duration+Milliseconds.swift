extension Duration {
  /// Rounded up, so that a limit never becomes none; none below zero, and at most eleven days, which C calls take.
  var milliseconds: Int {
    guard self > .zero else { return 0 }
    let (seconds, attoseconds) = components
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int(Swift.min(seconds, 1_000_000) * 1000 + rest)
  }

  /// For `poll`: rounded up, so that a loop doesn't spin for the last millisecond; at most a minute.
  var pollMilliseconds: Int32 { Int32(Swift.min(milliseconds, 60_000)) }
}

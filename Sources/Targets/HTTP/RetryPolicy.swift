/// Whether a request is sent again, and after which pause. Pure: clock and chance are passed in.
package struct RetryPolicy: Sendable, Hashable {
  /// How often a request is sent at most, the first time counted.
  package var attempts = 5
  /// From the first attempt on, pauses counted. No repetition begins after it.
  package var totalLimit = Duration.seconds(180)
  /// Before the first repetition; doubled for each further one.
  package var firstPause = Duration.milliseconds(500)
  package var longestPause = Duration.seconds(30)

  package init() {}

  /// What became of an attempt.
  package enum Result: Sendable, Hashable {
    case answer(status: Int, retryAfter: String?)
    case noAnswer(HTTPError)
  }

  package enum Decision: Sendable, Hashable {
    case giveUp
    case again(after: Duration)
  }

  /// What comes after attempt number `attempt` (the first is 1).
  /// - `spent`: since the first attempt began
  /// - `now`: seconds since 1970, for a `Retry-After` that is a date
  /// - `jitter`: in 0..<1
  package func decision(
    isIdempotent: Bool, attempt: Int, result: Result, spent: Duration, now: Double, jitter: Double
  ) -> Decision {
    guard attempt < attempts, Self.mayRepeat(isIdempotent: isIdempotent, result) else { return .giveUp }
    let pause = pause(after: attempt, result, now: now, jitter: jitter)
    return spent + pause <= totalLimit ? .again(after: pause) : .giveUp
  }

  /// 429 says that the request was refused, and so does the 413 that older limiters answer with a `Retry-After`. A 503
  /// doesn't: a proxy gives it after passing the request on, too.
  private static func mayRepeat(isIdempotent: Bool, _ result: Result) -> Bool {
    switch result {
    case .answer(429, _): true
    case .answer(413, let retryAfter): retryAfter != nil
    case .answer(500, _), .answer(502, _), .answer(503, _), .answer(504, _): isIdempotent
    case .answer: false
    case .noAnswer(let error):
      switch error.code {
      case .resolve, .connect, .timeout, .cut, .other: isIdempotent || !error.mayHaveArrived
      // The next time it would be the same, or nobody wants it any more.
      case .tls, .tooLarge, .invalid, .interrupted: false
      }
    }
  }

  /// Half of each pause is chance, so that those who failed together don't come back together.
  private func pause(after attempt: Int, _ result: Result, now: Double, jitter: Double) -> Duration {
    let doubled = firstPause * Double(1 << min(attempt - 1, 30))
    let backOff = min(doubled, longestPause) * (0.5 + 0.5 * jitter)
    guard case .answer(_, let text?) = result, let asked = Self.retryAfter(text, now: now) else { return backOff }
    return max(backOff, asked + firstPause * jitter)
  }

  /// RFC 9110 section 10.2.3: seconds, or a date.
  static func retryAfter(_ text: String, now: Double) -> Duration? {
    // A longer wait than a year is as good as one, and can't overflow.
    let longest = 31_536_000.0
    if let seconds = UInt64(text) { return .seconds(min(Double(seconds), longest)) }
    return HTTPDate.seconds(text).map { .seconds(min(max(0, $0 - now), longest)) }
  }
}

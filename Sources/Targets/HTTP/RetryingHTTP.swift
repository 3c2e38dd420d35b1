import StackMake

/// Sends again what may be sent again, as the policy says.
package struct RetryingHTTP: HTTP {
  private let http: any HTTP
  private let policy: RetryPolicy
  private let clock: any Clock<Duration>
  private let now: @Sendable () -> Double
  private let jitter: @Sendable () -> Double
  private let notify: @Sendable (String) -> Void

  /// - `now`: seconds since 1970
  /// - `jitter`: a number in 0..<1, another one each time
  /// - `notify`: told of each repetition: `GET https://… answered 503, again in 2.0 s`
  package init(
    _ http: any HTTP, policy: RetryPolicy = RetryPolicy(), clock: any Clock<Duration>,
    now: @escaping @Sendable () -> Double, jitter: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
    notify: @escaping @Sendable (String) -> Void
  ) {
    self.http = http
    self.policy = policy
    self.clock = clock
    self.now = now
    self.jitter = jitter
    self.notify = notify
  }

  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try await send(request, clock)
  }

  private func send<C: Clock<Duration>>(_ request: HTTPRequest, _ clock: C) async throws(HTTPError) -> HTTPResponse {
    let begin = clock.now
    var attempt = 1
    while true {
      let outcome = await http.outcome(of: request)
      let decision = policy.decision(
        isIdempotent: request.isIdempotent, attempt: attempt, result: RetryPolicy.Result(outcome),
        spent: begin.duration(to: clock.now), now: now(), jitter: jitter())
      guard case .again(let pause) = decision else { return try outcome.get() }
      notify(Self.notice(request, outcome, pause))
      do {
        try await clock.sleep(for: pause)
      } catch {
        throw HTTPError(.interrupted, cause: "interrupted", mayHaveArrived: outcome.mayHaveArrived)
      }
      attempt += 1
    }
  }

  static func notice(_ request: HTTPRequest, _ outcome: HTTPOutcome, _ pause: Duration) -> String {
    let what =
      switch outcome {
      case .success(let response): "answered \(response.status)"
      case .failure(let error): "got no answer (\(error))"
      }
    let address = SecretMask.url(request.url)
    return "\(request.method) \(address) \(what), again in \(DurationText.text(pause / .seconds(1)))"
  }
}

extension RetryPolicy.Result {
  init(_ outcome: HTTPOutcome) {
    switch outcome {
    case .success(let response): self = .answer(status: response.status, retryAfter: response["Retry-After"])
    case .failure(let error): self = .noAnswer(error)
    }
  }
}

/// Tells of each exchange, and counts it.
package struct TracingHTTP: HTTP {
  private let http: any HTTP
  private let detail: HTTPTrace.Detail
  private let clock: any Clock<Duration>
  private let count: @Sendable (HTTPRequest, HTTPOutcome, Duration) -> Void
  private let trace: @Sendable (String) -> Void

  package init(
    _ http: any HTTP, detail: HTTPTrace.Detail = .summary, clock: any Clock<Duration>,
    count: @escaping @Sendable (HTTPRequest, HTTPOutcome, Duration) -> Void = { _, _, _ in },
    trace: @escaping @Sendable (String) -> Void
  ) {
    self.http = http
    self.detail = detail
    self.clock = clock
    self.count = count
    self.trace = trace
  }

  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try await send(request, clock)
  }

  private func send<C: Clock<Duration>>(_ request: HTTPRequest, _ clock: C) async throws(HTTPError) -> HTTPResponse {
    let begin = clock.now
    let outcome = await http.outcome(of: request)
    let took = begin.duration(to: clock.now)
    count(request, outcome, took)
    trace(HTTPTrace.text(request, outcome, took: took, detail: detail))
    return try outcome.get()
  }
}

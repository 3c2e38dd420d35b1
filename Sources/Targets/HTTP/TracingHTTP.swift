/// Tells of each exchange.
package struct TracingHTTP: HTTP {
  private let http: any HTTP
  private let detail: HTTPTrace.Detail
  private let clock: any Clock<Duration>
  private let trace: @Sendable (String) -> Void

  package init(
    _ http: any HTTP, detail: HTTPTrace.Detail = .summary, clock: any Clock<Duration>,
    trace: @escaping @Sendable (String) -> Void
  ) {
    self.http = http
    self.detail = detail
    self.clock = clock
    self.trace = trace
  }

  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try await send(request, clock)
  }

  private func send<C: Clock<Duration>>(_ request: HTTPRequest, _ clock: C) async throws(HTTPError) -> HTTPResponse {
    let begin = clock.now
    let outcome = await http.outcome(of: request)
    trace(HTTPTrace.text(request, outcome, took: begin.duration(to: clock.now), detail: detail))
    return try outcome.get()
  }
}

/// One request on its way: made by a task, worked on by the client's thread.
final class CurlExchange: Sendable {
  let request: HTTPRequest
  /// When the request's limit ends.
  let deadline: ContinuousClock.Instant
  let pending = PendingOutcome<HTTPResponse, HTTPError>()

  init(_ request: HTTPRequest) {
    self.request = request
    deadline = .now + .milliseconds(request.limit.milliseconds)
  }

  /// It ends without ever having been handed to libcurl.
  func refuse(_ code: HTTPError.Code, _ cause: String) {
    pending.finish(.failure(HTTPError(code, cause: cause, mayHaveArrived: false)))
  }
}

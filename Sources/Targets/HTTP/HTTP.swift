/// One request, one answer, whatever its status.
///
/// May be called at once from many tasks. Redirects are answers, and are not followed. Cancelling the task ends the
/// exchange at once and throws `.interrupted`.
package protocol HTTP: Sendable {
  /// Throws only where no whole answer came. `HTTPError.mayHaveArrived` says whether the server may have seen the
  /// request.
  func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse
}

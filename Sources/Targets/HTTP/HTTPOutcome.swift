/// What became of one exchange.
package typealias HTTPOutcome = Result<HTTPResponse, HTTPError>

extension HTTPOutcome {
  var mayHaveArrived: Bool {
    switch self {
    case .success: true
    case .failure(let error): error.mayHaveArrived
    }
  }
}

extension HTTP {
  func outcome(of request: HTTPRequest) async -> HTTPOutcome {
    do throws(HTTPError) {
      return .success(try await send(request))
    } catch {
      return .failure(error)
    }
  }
}

/// What `-v` shows of an exchange, without tokens, passwords and user-data. Pure.
package enum HTTPTrace {
  /// Each with what is before it.
  package enum Detail: Int, Sendable, Comparable {
    /// One line: `GET https://… 200 req-1f… 12 ms, sent 0 B, got 1234 B`.
    case summary
    case headers
    case bodies

    package static func < (one: Detail, other: Detail) -> Bool { one.rawValue < other.rawValue }
  }

  /// One line or more, without an end of line.
  package static func text(
    _ request: HTTPRequest, _ outcome: HTTPOutcome, took: Duration, detail: Detail
  ) -> String {
    var lines = [summary(request, outcome, took)]
    if detail >= .headers { lines += request.headers.map { "  > \(line($0))" } }
    if detail >= .bodies { lines += body(request.body, type: request.headers.value(of: "Content-Type"), mark: ">") }
    guard case .success(let response) = outcome else { return lines.joined(separator: "\n") }
    if detail >= .headers { lines += response.headers.map { "  < \(line($0))" } }
    if detail >= .bodies { lines += body(response.body, type: response["Content-Type"], mark: "<") }
    return lines.joined(separator: "\n")
  }

  private static func summary(_ request: HTTPRequest, _ outcome: HTTPOutcome, _ took: Duration)
    -> String
  {
    let start = "\(request.method) \(SecretMask.url(request.url))"
    switch outcome {
    case .failure(let error): return "\(start) no answer: \(error), \(took.milliseconds) ms"
    case .success(let response):
      let id = response.requestID.map { " \($0)" } ?? ""
      let sizes = "sent \(request.body.count) B, got \(response.body.count) B"
      return "\(start) \(response.status)\(id) \(took.milliseconds) ms, \(sizes)"
    }
  }

  private static func line(_ header: HTTPHeader) -> String { "\(header.name): \(SecretMask.value(of: header))" }

  private static func body(_ bytes: [UInt8], type: String?, mark: String) -> [String] {
    guard !bytes.isEmpty else { return [] }
    // What isn't JSON can't be looked through: a script or a form may hold a secret anywhere. The pages that proxies
    // answer with are worth seeing, and hold none.
    let isPage = mark == "<" && type?.lowercased().hasPrefix("text/html") == true
    guard let text = SecretMask.json(bytes) ?? (isPage ? String(decoding: bytes, as: UTF8.self) : nil) else {
      return ["  \(mark) (\(bytes.count) bytes of \(type ?? "no stated type"))"]
    }
    return text.split(whereSeparator: \.isNewline).map { "  \(mark) \($0)" }
  }
}

extension HTTPResponse {
  /// The id under which the service's log speaks of the request.
  package var requestID: String? { self["X-OpenStack-Request-ID"] ?? self["X-Compute-Request-ID"] }
}

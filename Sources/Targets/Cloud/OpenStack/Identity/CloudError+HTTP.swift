extension CloudError {
  /// No answer came.
  init(_ error: HTTPError, operation: String, request: HTTPRequest) {
    let hint: String? =
      switch error.code {
      case .resolve: "check the address and this machine's name service"
      case .connect, .cut, .timeout: "check the address and the way to it; `stackmake doctor` tries each step"
      // The other side says so, and it speaks of what it was shown.
      case .tls where error.cause.contains("alert") && !error.cause.contains("protocol version"):
        "the cloud wants a certificate of yours, or another one: check `cert` and `key` (or OS_CERT and OS_KEY)"
      case .tls: "give the cloud's authority by `cacert` (or OS_CACERT) where it isn't one that this machine knows"
      case .tooLarge, .invalid, .interrupted, .other: nil
      }
    self.init(
      error.code == .interrupted ? .interrupted : .unavailable, operation: operation,
      cause: "\(request.method) \(request.url.prefix { $0 != "?" }): \(error.cause)", hint: hint)
    isUncertain = error.mayHaveArrived && !["GET", "HEAD"].contains(request.method)
  }
}

extension CloudConfig {
  /// For one request.
  var limit: Duration { timeout.map { .seconds($0) } ?? .seconds(60) }
}

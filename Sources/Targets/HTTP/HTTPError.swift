/// Why there is no whole answer.
package struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The name of the server, or of the proxy, has no address.
    case resolve
    /// No connection: nobody listens, or it was lost before the request went out.
    case connect
    /// The two sides don't trust or don't understand each other.
    case tls
    case timeout
    /// The connection ended before the whole answer was here.
    case cut
    /// The answer has more bytes than are allowed.
    case tooLarge
    /// The request can't be sent as it is, or the answer isn't HTTP.
    case invalid
    /// The task was cancelled, or the client closed.
    case interrupted
    case other
  }

  package var code: Code
  /// In the words of whoever found it.
  package var cause: String
  /// Whether the server may have seen the request, and acted on it.
  package var mayHaveArrived: Bool

  package init(_ code: Code, cause: String, mayHaveArrived: Bool) {
    self.code = code
    self.cause = cause
    self.mayHaveArrived = mayHaveArrived
  }

  package var description: String { cause }
}

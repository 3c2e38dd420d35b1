package struct HTTPRequest: Sendable, Hashable {
  /// In capitals: `GET`, `POST`.
  package var method: String
  /// Whole, with `http://` or `https://`.
  package var url: String
  package var headers: [HTTPHeader]
  package var body: [UInt8]
  /// For the whole exchange, with the wait for a free connection. Each repetition has it anew.
  package var limit: Duration
  /// Whether sending it twice is as good as once, where the method doesn't say so: a POST that only asks.
  package var repeats: Bool?

  package init(
    _ method: String, _ url: String, headers: [HTTPHeader] = [], body: [UInt8] = [], limit: Duration = .seconds(60),
    repeats: Bool? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.limit = limit
    self.repeats = repeats
  }

  /// RFC 9110 section 9.2.2: sent twice, it means the same as sent once.
  package var isIdempotent: Bool {
    repeats ?? ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method)
  }

  /// What keeps it from being sent, if anything.
  package var problem: String? {
    let scheme = url.prefix { $0 != ":" }.lowercased()
    if !["http", "https"].contains(scheme) || !url.dropFirst(scheme.count).hasPrefix("://") {
      return "the address `\(url)` begins with neither http:// nor https://"
    }
    if url.utf8.contains(where: { $0 <= 32 || $0 == 127 }) { return "the address `\(url)` contains a space or control" }
    if method.isEmpty || !method.utf8.allSatisfy({ Self.isTokenByte($0) }) { return "`\(method)` is no method" }
    for header in headers {
      if header.name.isEmpty || !header.name.utf8.allSatisfy({ Self.isTokenByte($0) }) {
        return "`\(header.name)` is no name of a header"
      }
      // A line end in a value would begin another header. The value isn't shown: it may be a token.
      if header.value.utf8.contains(where: { $0 < 32 && $0 != 9 || $0 == 127 }) {
        return "the value of header `\(header.name)` contains a control character"
      }
    }
    return nil
  }

  /// RFC 9110 section 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

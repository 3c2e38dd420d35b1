/// Makes status and headers of the lines of a head, as they come.
struct HTTPHeadReader: Sendable {
  /// 0 before the first status line.
  private(set) var status = 0
  private(set) var headers: [HTTPHeader] = []
  /// The empty line after a final answer's head has come. libcurl takes a head that was cut off for a whole one.
  private(set) var isWhole = false

  /// One line, with or without its end. A status line begins anew: what was before it was an interim answer (1xx).
  mutating func read(_ bytes: some Sequence<UInt8>) {
    let line = String(decoding: Array(bytes), as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      let words = line.split(whereSeparator: \.isWhitespace)
      status = words.count > 1 ? Int(words[1]) ?? 0 : 0
      headers = []
      isWhole = false
    } else if Self.trimmed(line).isEmpty {
      isWhole = status >= 200
    } else if line.first == " " || line.first == "\t" {
      // RFC 9112 section 5.2: a folded line goes on where the last one ended.
      guard let last = headers.indices.last else { return }
      headers[last].value += " " + Self.trimmed(line)
    } else if let colon = line.firstIndex(of: ":") {
      headers.append(HTTPHeader(String(line[..<colon]), Self.trimmed(line[line.index(after: colon)...])))
    }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
  }
}

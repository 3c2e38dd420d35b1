/// Reads an answer that says no: the cloud's own words, its request id, and what kind of no it is.
package struct ServiceReply: Sendable, Hashable {
  package let status: Int
  /// On one line, without markup and full stop, and without what was sent that must not be shown.
  package let message: String
  package let requestID: String?
  private let service: ServiceType
  private let method: String
  /// Where a redirection leads.
  private let location: String?

  /// Longer ones are cut: the cloud's log has the rest, by the request id.
  private static let limit = 400

  /// `body` is what was sent: nova repeats it in its answers, user-data and all.
  package init(_ response: HTTPResponse, _ service: ServiceType, method: String = "POST", sent body: JSON? = nil) {
    status = response.status
    self.service = service
    self.method = method
    location = (300..<400).contains(response.status) ? response["Location"] : nil
    requestID = ["X-Compute-Request-Id", "X-Openstack-Request-Id"].lazy.compactMap { response[$0] }
      .first { !$0.isEmpty }
    var text = Self.words(response)
    for secret in Self.secrets(body) { text = text.replacing(secret, with: "(not shown)") }
    text = Self.withoutEcho(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if text.last == "." { text.removeLast() }
    message = text.count > Self.limit ? text.prefix(Self.limit) + "…" : text
  }

  /// `nova answered 403: Quota exceeded for cores … (request id req-…)`
  package func error(operation: String) -> CloudError {
    var cause = "\(service.project) answered \(status)"
    if !message.isEmpty { cause += ": \(message)" }
    if let requestID { cause += " (request id \(requestID))" }
    var error = CloudError(code, operation: operation, cause: cause, hint: hint)
    error.status = status
    error.requestID = requestID
    error.isUncertain = status >= 500 && !["GET", "HEAD"].contains(method)
    return error
  }

  package var code: CloudError.Code {
    let isQuota = message.lowercased().contains("quota")
    return switch status {
    case 401: .unauthorized
    case 403: isQuota ? .quota : .forbidden
    case 404, 410: .notFound
    case 406: .unsupported
    case 409: isQuota ? .quota : .conflict
    case 429, 502, 503, 504: .unavailable
    default: .failed
    }
  }

  private var hint: String? {
    switch code {
    case .quota: return "ask for a larger quota, or remove what isn't needed any more"
    case .forbidden: return "the login's roles don't allow it: ask who runs the cloud, or take another login"
    case .unavailable: return "try again in a while; who runs the cloud finds it by the request id"
    default: break
    }
    if let location {
      return "it moved to \(location): correct `auth_url`, or the catalog's address by an endpoint override"
    }
    guard status == 500 else { return nil }
    // Nova names the exception of its own that it met: one that says that another service is away.
    let isBehind = ["ConnectFailure", "ConnectionFailed", "ServiceUnavailable"].contains { message.contains($0) }
    return isBehind
      ? "a service behind \(service.project) doesn't answer: try again in a while"
      : "try again; if it stays, who runs the cloud finds it by the request id"
  }

  // MARK: - Words

  private static func words(_ response: HTTPResponse) -> String {
    guard let json = JSON(bytes: response.body) else { return plain(String(decoding: response.body, as: UTF8.self)) }
    return message(in: json)?.replacing("<br />", with: " ").replacing("<br/>", with: " ") ?? ""
  }

  /// Every service has a wrapping of its own; placement gives a list.
  private static func message(in json: JSON) -> String? {
    if let text = json["message"]?.string ?? json.string { return text }
    if let first = json["errors"]?.array?.first {
      return first["detail"]?.string ?? first["title"]?.string
    }
    for (_, value) in (json.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      if let text = value["message"]?.string ?? value.string { return text.prefixBefore("\n\nFailed validating") }
    }
    return nil
  }

  /// A page of HTML, as proxies and some services answer, without its markup.
  private static func plain(_ text: String) -> String {
    guard text.contains("<") else { return text }
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "<") {
      result += rest[..<open] + " "
      let tag = rest[open...].prefix { $0 != ">" }.dropFirst().lowercased()
      rest = rest[open...].dropFirst(tag.count + 2)
      // What isn't meant to be read, or is said again below.
      for hidden in ["title", "style", "script"] where tag == hidden || tag.hasPrefix(hidden + " ") {
        guard let end = rest.range(of: "</\(hidden)>") else { continue }
        rest = rest[end.upperBound...]
      }
    }
    return result + rest
  }

  // MARK: - What must not be shown

  private static let hiddenKeys: Set = ["user_data", "adminPass", "password", "secret", "personality"]

  private static func secrets(_ json: JSON?) -> [String] {
    switch json {
    case .object(let object):
      object.sorted { $0.key < $1.key }.flatMap { key, value in
        if hiddenKeys.contains(key), let text = value.string, text.utf8.count >= 4 { return [text] }
        return secrets(value)
      }
    case .array(let array): array.flatMap { secrets($0) }
    default: []
    }
  }

  /// Nova says `Invalid input for field/attribute user_data. Value: ‹all of it›. '‹all of it›' is too long`: the field
  /// and the reason are kept, and the value where it is short and no map of everything that was sent.
  static func withoutEcho(_ text: String) -> String {
    guard let start = text.range(of: "Invalid input for field/attribute "), let value = text.range(of: ". Value: "),
      start.upperBound <= value.lowerBound
    else { return text }
    let field = text[start.upperBound..<value.lowerBound]
    let rest = text[value.upperBound...]
    if rest.utf8.count <= 160, !rest.contains("{"), !hiddenKeys.contains(String(field)) { return text }
    return "\(text[..<start.lowerBound])Invalid input for field/attribute \(field): \(reason(rest))"
  }

  private static func reason(_ text: Substring) -> Substring {
    if let range = text.range(of: "Additional properties are not allowed", last: true) {
      return text[range.lowerBound...]
    }
    if text.hasSuffix("' is a required property") {
      let name = text.dropLast("' is a required property".count)
      return text[(name.lastIndex(of: "'") ?? name.startIndex)...]
    }
    for words in [
      " is too long", " is too short", " is not ", " does not match ", " is less than ", " is greater than ",
    ] {
      if let range = text.range(of: words, last: true) { return text[range.lowerBound...].dropFirst() }
    }
    return "not valid"
  }
}

extension StringProtocol {
  /// Foundation's search brings all of Foundation along.
  fileprivate func range(of words: String, last: Bool = false) -> Range<Index>? {
    let ranges = self[...].ranges(of: words)
    return last ? ranges.last : ranges.first
  }

  fileprivate func prefixBefore(_ words: String) -> String {
    range(of: words).map { String(self[..<$0.lowerBound]) } ?? String(self)
  }
}

/// What must not be shown of requests and answers: tokens, passwords, keys, user-data.
enum SecretMask {
  /// Stands where a secret stood.
  static let mark = "••••"

  static func value(of header: HTTPHeader) -> String {
    headers.contains(header.name.lowercased()) ? mark : header.value
  }

  /// An address without the password before its host, and without the secret values of its query.
  static func url(_ url: String) -> String {
    var text = url
    if let scheme = text.range(of: "://") {
      let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
      if let at = authority.lastIndex(of: "@") { text.replaceSubrange(scheme.upperBound..<at, with: mark) }
    }
    guard let question = text.firstIndex(of: "?") else { return text }
    let start = text.index(after: question)
    let parts = text[start...].split(separator: "&", omittingEmptySubsequences: false).map { part in
      guard let equals = part.firstIndex(of: "="), isSecret(Array(part[..<equals].utf8)) else { return String(part) }
      return part[...equals] + mark
    }
    return text[..<start] + parts.joined(separator: "&")
  }

  /// A JSON text with the values of secret names replaced; nil where it isn't JSON, and so may hide anything.
  static func json(_ bytes: [UInt8]) -> String? {
    JSONMask.masked(bytes)
  }

  private static let headers: Set<String> = [
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth-token", "x-auth-key", "x-subject-token",
    "x-service-token", "x-storage-token",
  ]

  private static let names: Set<String> = [
    "password", "originalpassword", "newpassword", "adminpass", "secret", "clientsecret", "userdata", "personality",
    "privatekey", "passcode", "blob", "token", "authtoken", "accesstoken", "refreshtoken", "idtoken", "signature",
    "tempurlsig", "secretkey", "accesskey",
  ]

  /// Whether a name is one of a secret, however it is written: `adminPass`, `admin_pass`, `OS-EXT-SRV-ATTR:user_data`.
  static func isSecret(_ name: some Sequence<UInt8>) -> Bool {
    let text = String(decoding: Array(name), as: UTF8.self).lowercased()
    let last = text.split(separator: ":").last ?? ""
    return names.contains(last.filter { $0 != "_" && $0 != "-" })
  }

  /// Names of secrets that are also names of ways to log in, whose objects are worth seeing:
  /// `"password": {"user": {"name": …, "password": …}}`.
  static func mayHoldObject(_ name: some Sequence<UInt8>) -> Bool {
    ["password", "token"].contains(String(decoding: Array(name), as: UTF8.self).lowercased())
  }
}

extension StringProtocol {
  /// The first place of `part`.
  fileprivate func range(of part: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
      start = index(after: start)
    }
    return nil
  }
}

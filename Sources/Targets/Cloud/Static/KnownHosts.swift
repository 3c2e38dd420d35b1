import Crypto
import FoundationEssentials
import StackMake

/// What a known_hosts file says. Lines that can't be read say nothing, as ssh has it.
package struct KnownHosts: Sendable, Hashable {
  private enum Mark: Sendable { case none, revoked }

  private struct Line: Sendable, Hashable {
    /// Names and patterns with commas between, or one hashed name.
    var hosts: String
    var key: HostKey
    var mark: Mark
  }

  private var lines: [Line] = []

  package init(_ text: String) { add(text) }

  /// Takes another file along.
  package mutating func add(_ text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      var mark = Mark.none
      if first.hasPrefix("@") {
        // A certificate authority vouches for certificates, and stackmake takes none.
        guard first == "@revoked" else { continue }
        mark = .revoked
        words.removeFirst()
      }
      guard words.count >= 3, let key = HostKey.parse("\(words[1]) \(words[2])") else { continue }
      lines.append(Line(hosts: String(words[0]), key: key, mark: mark))
    }
  }

  /// The keys of a host, each once, in the order of the lines, without those that are revoked.
  package func keys(of host: String, port: UInt16) -> [HostKey] {
    let revoked = revoked(of: host, port: port)
    var found: [HostKey] = []
    for key in marked(.none, host, port) where !revoked.contains(key) && !found.contains(key) { found.append(key) }
    return found
  }

  /// Keys that must not be believed of that host.
  package func revoked(of host: String, port: UInt16) -> [HostKey] { marked(.revoked, host, port) }

  private func marked(_ mark: Mark, _ host: String, _ port: UInt16) -> [HostKey] {
    let name = Self.name(of: host, port: port)
    return lines.filter { $0.mark == mark && Self.matches($0.hosts, name) }.map(\.key)
  }

  /// As ssh writes it: `host`, or `[host]:port` where the port isn't 22.
  static func name(of host: String, port: UInt16) -> String {
    let host = host.lowercased()
    return port == 22 ? host : "[\(host)]:\(port)"
  }

  private static func matches(_ hosts: String, _ name: String) -> Bool {
    if hosts.hasPrefix("|") { return matchesHashed(hosts, name) }
    var isMatched = false
    for pattern in hosts.lowercased().split(separator: ",") {
      if pattern.hasPrefix("!") {
        if matchesPattern(pattern.dropFirst().utf8, name.utf8[...]) { return false }
      } else if matchesPattern(pattern.utf8, name.utf8[...]) {
        isMatched = true
      }
    }
    return isMatched
  }

  /// `|1|SALT|HASH`: the hash is HMAC-SHA1 of the name under the salt.
  private static func matchesHashed(_ hosts: String, _ name: String) -> Bool {
    let parts = hosts.split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[1] == "1", let salt = Data(base64Encoded: String(parts[2])),
      let hash = Data(base64Encoded: String(parts[3]))
    else { return false }
    return HMAC<Insecure.SHA1>.isValidAuthenticationCode(
      hash, authenticating: Data(name.utf8), using: SymmetricKey(data: salt))
  }

  /// Only `*` and `?` mean something: `[` is a part of `[host]:port`.
  private static func matchesPattern(_ pattern: Substring.UTF8View, _ name: Substring.UTF8View) -> Bool {
    var (pattern, name) = (pattern, name)
    // Where the last `*` was, and how much of the name it had taken: one more with each new try.
    var retry: (pattern: Substring.UTF8View, name: Substring.UTF8View)?
    while true {
      if let next = pattern.first, next == UInt8(ascii: "*") {
        pattern = pattern.dropFirst()
        retry = (pattern, name)
      } else if let next = pattern.first, let byte = name.first, next == byte || next == UInt8(ascii: "?") {
        (pattern, name) = (pattern.dropFirst(), name.dropFirst())
      } else if pattern.isEmpty, name.isEmpty {
        return true
      } else if let (from, taken) = retry, !taken.isEmpty {
        (pattern, name) = (from, taken.dropFirst())
        retry = (pattern, name)
      } else {
        return false
      }
    }
  }
}

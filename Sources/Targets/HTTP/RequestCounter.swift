package import StackMake
import Synchronization

/// Counts exchanges by what they asked: method, host, path without ids, status.
package final class RequestCounter: Sendable {
  /// So many different ones are told apart; what comes then counts under the path `{other}`.
  static let limit = 400

  private struct Key: Hashable, Sendable {
    var method: String
    var host: String
    var path: String
    var status: Int
  }
  private let state = Mutex<[Key: (count: Int, seconds: Double)]>([:])

  package init() {}

  package func add(_ request: HTTPRequest, _ outcome: HTTPOutcome, _ took: Duration) {
    let (host, path) = Self.template(request.url)
    var status = 0
    if case .success(let response) = outcome { status = response.status }
    let seconds = Double(took.milliseconds) / 1000
    state.withLock { counts in
      var key = Key(method: request.method, host: host, path: path, status: status)
      if counts[key] == nil, counts.count >= Self.limit { key.path = "{other}" }
      let known = counts[key] ?? (0, 0)
      counts[key] = (known.count + 1, known.seconds + seconds)
    }
  }

  /// By host, path, method and status.
  package var counts: [RequestCount] {
    state.withLock { counts in
      counts.map { key, value in
        RequestCount(
          method: key.method, host: key.host, path: key.path, status: key.status, count: value.count,
          seconds: value.seconds)
      }
    }.sorted { ($0.host, $0.path, $0.method, $0.status) < ($1.host, $1.path, $1.method, $1.status) }
  }

  /// `host:port`, and the path with `{id}` for what names one thing; without user, query and fragment.
  static func template(_ url: String) -> (host: String, path: String) {
    let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? Substring(url)
    let authority = rest.prefix { !"/?#".contains($0) }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    let path = rest.dropFirst(authority.count).prefix { !"?#".contains($0) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map { isID($0) ? "{id}" : $0 }
    return (String(host), parts.joined(separator: "/"))
  }

  /// Digits alone, or 32 hexadecimal digits, with or without dashes, or anything long.
  private static func isID(_ part: Substring) -> Bool {
    guard !part.isEmpty else { return false }
    if part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
    let digits = part.filter { $0 != "-" }
    return part.utf8.count > 40 || (digits.utf8.count == 32 && digits.allSatisfy(\.isHexDigit))
  }
}

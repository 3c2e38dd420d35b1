/// Where Debian packages come from.
struct DebianMirrors: Sendable, Hashable {
  var main = "http://deb.debian.org/debian"
  var security = "http://deb.debian.org/debian-security"

  init() {}

  /// One mirror that has `debian` and `debian-security` side by side, as the big ones do.
  init(mirror: String) {
    let base = mirror.hasSuffix("/") ? String(mirror.dropLast()) : mirror
    main = base
    security = base.hasSuffix("/debian") ? "\(base)-security" : security
  }

  /// The first Debian mirrors that the host's apt sources name, in either format; deb.debian.org where they name none.
  init(aptSources: [String]) {
    let words = aptSources.flatMap { $0.split(separator: "\n") }
      .filter { !$0.hasPrefix("#") && ($0.hasPrefix("deb ") || $0.hasPrefix("URIs:")) }
      .flatMap { $0.split(whereSeparator: \.isWhitespace) }
      .map { $0.hasSuffix("/") ? $0.dropLast() : $0 }
      .filter { $0.hasPrefix("http://") || $0.hasPrefix("https://") }
    if let found = words.first(where: { $0.hasSuffix("/debian") }) { main = String(found) }
    if let found = words.first(where: { $0.hasSuffix("/debian-security") }) { security = String(found) }
  }

  /// The names of the hosts that they are on.
  var hosts: Set<String> { Set([main, security].compactMap(Self.host)) }

  /// `http://user@name:port/path` -> `name`.
  static func host(of url: String) -> String? {
    guard let start = url.firstRange(of: "://")?.upperBound else { return nil }
    var host = url[start...].prefix { $0 != "/" }
    if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
    host = host.prefix { $0 != ":" }
    return host.isEmpty ? nil : String(host)
  }
}

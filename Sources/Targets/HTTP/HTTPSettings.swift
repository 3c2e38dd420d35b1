/// How a client connects: the same for all its requests.
package struct HTTPSettings: Sendable, Hashable {
  /// For finding the address, connecting and TLS together.
  package var connectLimit: Duration = .seconds(20)
  /// Whom to trust instead of the system's authorities: PEM certificates in a file, or in a directory made by
  /// `openssl rehash`.
  package var caFile: String?
  package var caDirectory: String?
  /// Whether the server's certificate is checked.
  package var verifies = true
  /// PEM files. The key may be in the certificate's.
  package var clientCertificate: String?
  package var clientKey: String?
  /// As `proxies(in:)` makes it. Empty: no proxy, whatever the environment of the process says.
  package var proxies: [String: String] = [:]
  package var userAgent = "stackmake"
  /// How many exchanges run at once; more wait for their turn. As many connections are kept.
  package var maximumConnections = 32
  /// Bytes of an answer's body, unpacked.
  package var maximumBody = 64 << 20

  package init() {}

  /// What an environment says about proxies, by the lower-case names. As curl does it, `HTTP_PROXY` in capitals isn't
  /// looked at: a web server gives that one to its scripts from the `Proxy` header of a request.
  package static func proxies(in environment: [String: String]) -> [String: String] {
    var proxies = ["http_proxy": environment["http_proxy"]].compactMapValues { $0 }
    for name in ["https_proxy", "all_proxy", "no_proxy"] {
      proxies[name] = environment[name] ?? environment[name.uppercased()]
    }
    return proxies.filter { !$0.value.isEmpty }
  }

  /// The proxy for an address, but for what `no_proxy` excepts; empty: none.
  package func proxy(for url: String) -> String {
    let scheme = url.prefix { $0 != ":" }.lowercased()
    return proxies["\(scheme)_proxy"] ?? proxies["all_proxy"] ?? ""
  }
}

import Glibc

/// Asks this machine's name service.
package enum NameLookup {
  package struct Failure: Error, Sendable, Hashable {
    /// In the name service's words.
    package var text: String

    package init(text: String) { self.text = text }
  }

  /// The addresses of a host, in the order in which they would be tried. May take as long as the name service does.
  @Sendable package static func addresses(of host: String) async -> Result<[String], Failure> {
    do throws(OwnThreadError) {
      return try await OwnThread.run { look(up: host) }
    } catch {
      return .failure(Failure(text: error.text))
    }
  }

  /// The host of an address: `keystone.example` of `https://keystone.example:5000/v3`. Pure.
  static func host(of url: String) -> String {
    let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
    var authority = rest.prefix { !"/?#".contains($0) }
    if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
    if authority.first == "[" { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }

  private static func look(up host: String) -> Result<[String], Failure> {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, nil, &hints, &list)
    guard status == 0 else { return .failure(Failure(text: String(cString: gai_strerror(status)))) }
    defer { freeaddrinfo(list) }
    var addresses: [String] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ai_next
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let length = entry.pointee.ai_addrlen
      guard getnameinfo(entry.pointee.ai_addr, length, &name, UInt32(name.count), nil, 0, NI_NUMERICHOST) == 0 else {
        continue
      }
      let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if !addresses.contains(text) { addresses.append(text) }
    }
    return .success(addresses)
  }
}

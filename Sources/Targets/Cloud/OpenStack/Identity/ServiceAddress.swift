/// Makes addresses of what the catalog says, which differs between clouds: with or without version, with or without project.
enum ServiceAddress {
  /// Where the paths of requests begin: `https://nova.example/v2.1` for `/servers`.
  static func base(_ service: ServiceType, _ endpoint: String) -> String {
    switch service {
    case .compute: versioned(endpoint, "v2.1", insteadOf: "v2")
    case .image: versioned(endpoint, "v2")
    case .network: versioned(endpoint, "v2.0")
    case .identity: AuthRequest.identityURL(endpoint)
    case .placement, .blockStorage: endpoint
    }
  }

  /// Where the service says which versions it speaks.
  static func versions(_ service: ServiceType, _ endpoint: String) -> String {
    guard let (start, component) = version(in: endpoint) else {
      return service == .compute ? endpoint + "/v2.1/" : endpoint + "/"
    }
    switch service {
    case .compute: return endpoint[..<start] + (component == "v2" ? "v2.1" : component) + "/"
    case .identity: return endpoint[..<start] + component
    case .image, .network, .placement, .blockStorage: return String(endpoint[..<start])
    }
  }

  /// The endpoint with its query, percent-encoded.
  static func url(_ base: String, _ path: String, _ query: [QueryItem]) -> String {
    guard !query.isEmpty else { return base + path }
    return base + path + "?" + query.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
  }

  /// RFC 3986 section 2.3: letters, digits and four marks stay as they are.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(byte)
      default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func versioned(_ endpoint: String, _ name: String, insteadOf old: String? = nil) -> String {
    guard let (start, component) = version(in: endpoint) else { return "\(endpoint)/\(name)" }
    guard component == old else { return endpoint }
    return endpoint[..<start] + name + endpoint[endpoint.index(start, offsetBy: component.count)...]
  }

  /// The part of the path that looks like `v2.1`.
  private static func version(in endpoint: String) -> (start: String.Index, component: String)? {
    var start = endpoint.startIndex
    for component in endpoint.split(separator: "/", omittingEmptySubsequences: false) {
      start = component.startIndex
      if component.first == "v", component.dropFirst().first?.isNumber == true, APIVersion(String(component)) != nil {
        return (start, String(component))
      }
    }
    return nil
  }
}

/// One `name=value` of an address.
package struct QueryItem: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

import StackMake
import SystemPackage

/// Reads everything but the login out of a cloud's settings, and keeps what it used.
struct OptionSettings {
  private let settings: CloudSettings
  private let places: ConfigPlaces
  private(set) var used: [CloudConfig.Setting] = []

  init(_ settings: CloudSettings, _ places: ConfigPlaces) {
    self.settings = settings
    self.places = places
  }

  mutating func text(_ key: String) -> String? {
    guard let node = settings.top[key], let text = node.text, !text.isEmpty else { return nil }
    let filled = settings.filled(text)
    used.append(.init(key, filled, node.origin))
    return filled
  }

  /// `compute_endpoint_override`, and the same by the older names of a service.
  mutating func text(of service: ServiceType, _ suffixes: [String]) -> String? {
    for suffix in suffixes {
      for key in Self.keys(service, suffix) {
        if let text = text(key) { return text }
      }
    }
    return nil
  }

  /// Words like `latest` say nothing, as for openstacksdk.
  mutating func version(of service: ServiceType) -> String? {
    for key in Self.keys(service, "api_version") {
      if let node = settings.top[key], let version = node.text, Double(version) != nil { return text(key) }
    }
    return nil
  }

  mutating func interfaces(of service: ServiceType) throws(CloudConfigError) -> [String]? {
    for key in Self.keys(service, "interface") {
      if let list = try interfaces(key) { return list }
    }
    return nil
  }

  /// One or several; `publicURL` is what `public` was called.
  mutating func interfaces(_ key: String) throws(CloudConfigError) -> [String]? {
    guard let node = settings.top[key], !node.isNull else { return nil }
    var names: [String] = []
    if case .list(let list) = node.content {
      names = list.compactMap(\.text)
    } else if let text = node.text {
      names = [text]
    }
    names = names.filter { !$0.isEmpty }.map { String($0.hasSuffix("URL") ? $0.dropLast(3) : $0[...]) }
    for name in names where !["public", "internal", "admin"].contains(name) {
      throw CloudConfigError(
        at: node.origin.place, "no interface is called `\(name)`", hint: "there are `public`, `internal` and `admin`")
    }
    guard !names.isEmpty else { return nil }
    used.append(.init(key, names.joined(separator: ", "), node.origin))
    return names
  }

  mutating func timeout() throws(CloudConfigError) -> Double? {
    guard let text = text("api_timeout") else { return nil }
    guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
      throw CloudConfigError(
        at: settings.top["api_timeout"]?.origin.place, "`api_timeout` is `\(text)`", hint: "it is a number of seconds")
    }
    return seconds
  }

  /// `insecure` counts before `verify`, and `cacert` only where anything is verified.
  mutating func tls() throws(CloudConfigError) -> CloudConfig.TLS {
    var tls = CloudConfig.TLS()
    if let node = settings.top["verify"], let text = node.text, !text.isEmpty {
      switch text.lowercased() {
      case "true", "yes", "on", "1": break
      case "false", "no", "off", "0": tls.verify = false
      default: tls.caFile = try file("verify")
      }
      if tls.caFile == nil { used.append(.init("verify", tls.verify ? "true" : "false", node.origin)) }
    }
    if let node = settings.top["insecure"], node.text?.lowercased() == "true" {
      tls.verify = false
      used.append(.init("insecure", "true", node.origin))
    }
    if tls.verify, let file = try file("cacert") { tls.caFile = file }
    if !tls.verify { tls.caFile = nil }
    tls.certificate = try file("cert")
    if tls.certificate != nil { tls.key = try file("key") }
    return tls
  }

  private mutating func file(_ key: String) throws(CloudConfigError) -> FilePath? {
    guard let text = text(key) else { return nil }
    let path = places.file(text)
    do {
      if try places.fileSystem.kind(of: path) != nil { return path }
    } catch {
      throw CloudConfigError(at: settings.top[key]?.origin.place, "`\(key)` names a file that can't be read: \(error)")
    }
    throw CloudConfigError(
      at: settings.top[key]?.origin.place, "`\(key)` names \(path), which isn't there",
      hint: "correct the path; one that isn't absolute is taken from \(places.directory)")
  }

  private static func keys(_ service: ServiceType, _ suffix: String) -> [String] {
    service.names.map { String($0.map { $0 == "-" ? "_" : $0 }) + "_" + suffix }
  }
}

/// The settings of one cloud once everything is laid over each other, with old spellings put right.
///
/// Follows openstacksdk: what belongs below `auth` may stand beside it, and `tenant` means `project`.
struct CloudSettings: Sendable {
  let cloud: String
  private(set) var top: [String: ConfigNode]
  private(set) var auth: [String: ConfigNode]

  init(cloud: String, _ merged: [String: ConfigNode]) throws(CloudConfigError) {
    self.cloud = cloud
    top = merged
    auth = [:]
    if let node = top.removeValue(forKey: "auth"), !node.isNull {
      guard let map = node.map else {
        throw CloudConfigError(
          at: node.origin.place, "`auth` of cloud `\(cloud)` isn't a map",
          hint: "write `auth_url`, `username` and so on below it, indented")
      }
      auth = map
    }
    fixTimeout()
    fixInterface()
    fixAuth()
    fixDomains()
  }

  /// The first of the keys that has a text: below `auth`, or else beside it. An empty text is none.
  func text(_ keys: [String]) -> Found? {
    for key in keys {
      if let found = Self.found(auth[key], "auth.\(key)") { return found }
    }
    for key in keys {
      if let found = Self.found(top[key], key) { return found }
    }
    return nil
  }

  struct Found: Sendable, Hashable {
    var key: String
    var text: String
    var origin: ConfigOrigin
  }

  private static func found(_ node: ConfigNode?, _ key: String) -> Found? {
    guard let node, let text = node.text, !text.isEmpty else { return nil }
    return Found(key: key, text: text, origin: node.origin)
  }

  /// `{region_name}` and the like, filled in from the settings beside `auth`.
  func filled(_ text: String) -> String {
    guard text.contains("{") else { return text }
    var result = ""
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      let name = String(rest[rest.index(after: open)..<close])
      result += rest[..<open]
      result += top[name]?.text ?? "{\(name)}"
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }

  /// Old clients had a time limit each; there is one.
  private mutating func fixTimeout() {
    for key in top.keys.sorted() where key.hasSuffix("timeout") && key != "timeout" && key != "api_timeout" {
      top["api_timeout"] = top.removeValue(forKey: key)
    }
  }

  /// `endpoint_type` is what `interface` was called.
  private mutating func fixInterface() {
    for key in top.keys.sorted() where key.hasSuffix("endpoint_type") {
      top[key.dropLast("endpoint_type".count) + "interface"] = top.removeValue(forKey: key)
    }
  }

  /// Several names for one thing: the last counts, beside `auth` more than inside.
  private mutating func fixAuth() {
    let names: [(String, [String])] = [
      ("domain_id", ["domain_id"]), ("domain_name", ["domain_name"]),
      ("user_domain_id", ["user_domain_id"]), ("user_domain_name", ["user_domain_name"]),
      ("project_domain_id", ["project_domain_id"]), ("project_domain_name", ["project_domain_name"]),
      ("token", ["auth_token", "token"]),
      ("project_id", ["tenant_id", "project_id"]), ("project_name", ["tenant_name", "project_name"]),
    ]
    for (target, keys) in names {
      var winner: ConfigNode?
      for key in keys {
        for node in [auth.removeValue(forKey: key), top.removeValue(forKey: key)] {
          if let node, node.text != nil { winner = node }
        }
      }
      if let winner, winner.text != "" { auth[target] = winner }
    }
  }

  /// With a project, `domain_*` means the domain of both user and project; without, it is what to log in to.
  private mutating func fixDomains() {
    guard auth["project_id"] != nil || auth["project_name"] != nil else { return }
    for kind in ["id", "name"] {
      guard let domain = auth.removeValue(forKey: "domain_\(kind)") else { continue }
      for target in ["user_domain_\(kind)", "project_domain_\(kind)"] where auth[target] == nil {
        auth[target] = domain
      }
    }
  }
}

/// Reads how to log in out of a cloud's settings, and keeps what it used.
struct AuthSettings {
  static let supported = "`password`, `token` and `v3applicationcredential`"

  private let settings: CloudSettings
  private(set) var used: [CloudConfig.Setting] = []
  private var missing: [String] = []

  init(_ settings: CloudSettings) {
    self.settings = settings
  }

  /// The address as it is written, and how to log in there.
  mutating func read() throws(CloudConfigError) -> (url: String, auth: CloudAuth) {
    let type = settings.text(["auth_type"])
    let url = take("auth_url") ?? ""
    let method: CloudAuth.Method
    switch type?.text {
    case nil, "password", "v3password":
      let user = user()
      method = .password(user, secret("password", called: "password"))
    case "token", "v3token":
      method = .token(secret("token", called: "token"))
    case "v3applicationcredential":
      method = applicationCredential()
    case let other?:
      throw CloudConfigError(
        at: type?.origin.place, "cloud `\(settings.cloud)` logs in by `auth_type: \(other)`, which isn't supported",
        hint: "supported are \(Self.supported); the cloud's dashboard makes application credentials")
    }
    if let type { used.append(.init(type.key, type.text, type.origin)) }
    let scope = try scope(for: method)
    guard missing.isEmpty else { throw missingError(type?.text ?? "password") }
    let filled = settings.filled(url)
    try check(filled)
    return (filled, CloudAuth(method, scope: scope))
  }

  private mutating func applicationCredential() -> CloudAuth.Method {
    let secret = secret("application_credential_secret", called: "application_credential_secret")
    if let id = take("application_credential_id") { return .applicationCredential(id: id, secret: secret) }
    guard let name = take("application_credential_name") else {
      missing.append("application_credential_id")
      return .applicationCredential(id: "", secret: secret)
    }
    return .namedApplicationCredential(name: name, user(), secret: secret)
  }

  private mutating func user() -> CloudUser {
    if let id = take("user_id") { return .id(id) }
    guard let name = take("username", "user_name") else {
      missing.append("username")
      return .id("")
    }
    return .name(name, domain(of: "user"))
  }

  private mutating func scope(for method: CloudAuth.Method) throws(CloudConfigError) -> CloudAuth.Scope {
    for (key, what) in [("system_scope", "the whole system"), ("trust_id", "a trust")] {
      guard let found = settings.text([key]) else { continue }
      throw CloudConfigError(
        at: found.origin.place, "cloud `\(settings.cloud)` logs in to \(what) (`\(key)`); servers belong to a project",
        hint: "remove `\(key)` and give `project_name`")
    }
    switch method {
    case .applicationCredential, .namedApplicationCredential: return .unscoped
    case .password, .token: break
    }
    if let id = take("project_id") { return .project(id: id) }
    if let name = take("project_name") { return .namedProject(name, domain(of: "project")) }
    if let id = take("domain_id") { return .domain(.id(id)) }
    if let name = take("domain_name") { return .domain(.name(name)) }
    return .unscoped
  }

  /// Where none is written it is the one that every cloud begins with, as `openstack` takes it.
  private mutating func domain(of whose: String) -> CloudDomain {
    if let id = take("\(whose)_domain_id") { return .id(id) }
    if let name = take("\(whose)_domain_name") { return .name(name) }
    if let id = take("default_domain_id") { return .id(id) }
    if let name = take("default_domain_name") { return .name(name) }
    if let id = take("default_domain") { return .id(id) }
    used.append(.init("auth.\(whose)_domain_id", "default", .standard))
    return .id("default")
  }

  private mutating func take(_ keys: String...) -> String? {
    if let found = settings.text(keys) {
      note(found, found.text)
      return found.text
    }
    if keys == ["auth_url"] { missing.append("auth_url") }
    return nil
  }

  private mutating func secret(_ key: String, called name: String) -> Secret {
    guard let found = settings.text([key]) else {
      missing.append(name)
      return Secret("")
    }
    let secret = Secret(found.text)
    note(found, secret.description)
    return secret
  }

  private mutating func note(_ found: CloudSettings.Found, _ shown: String) {
    if !used.contains(where: { $0.key == found.key }) { used.append(.init(found.key, shown, found.origin)) }
  }

  private func missingError(_ type: String) -> CloudConfigError {
    let names = missing.map { "`\($0)`" }.joined(separator: ", ")
    var hint = "write \(missing.count == 1 ? "it" : "them") below `auth:` of the cloud in clouds.yaml"
    if settings.cloud == "envvars" {
      let variables = missing.map { "OS_\($0.uppercased())" }.joined(separator: ", ")
      hint = "set \(variables), or name a cloud of clouds.yaml by `cloud = NAME` or OS_CLOUD"
    } else if type != "v3applicationcredential", settings.text(["application_credential_secret"]) != nil {
      hint = "an application credential needs `auth_type: v3applicationcredential` beside `auth:`"
    } else if type == "password", missing.contains("password"), settings.text(["token"]) != nil {
      hint = "a token needs `auth_type: token` beside `auth:`"
    }
    return CloudConfigError("cloud `\(settings.cloud)` has no \(names)", hint: hint)
  }

  private func check(_ url: String) throws(CloudConfigError) {
    let rest = ["https://", "http://"].lazy.filter { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
      .first
    if let rest, let first = rest.first, first != "/", !url.contains(where: \.isWhitespace) { return }
    let found = settings.text(["auth_url"])
    throw CloudConfigError(
      at: found?.origin.place, "`auth_url` of cloud `\(settings.cloud)` is `\(url)`, which is no address",
      hint: "it begins with https:// and ends in /v3 by and large")
  }
}

/// The request for a token.
package struct AuthRequest: Sendable, Hashable {
  /// Where tokens are made: `https://keystone.example:5000/v3/auth/tokens`.
  package let url: String
  /// Holds the secret: to be sent, and never shown.
  package let body: JSON

  /// `authURL` is taken with or without its `/v3`.
  package init(authURL: String, _ auth: CloudAuth) {
    url = Self.identityURL(authURL) + "/auth/tokens"
    var content: [String: JSON] = ["identity": Self.identity(auth.method)]
    if let scope = Self.scope(auth.scope) { content["scope"] = scope }
    body = ["auth": .object(content)]
  }

  package init(_ config: CloudConfig) {
    self.init(authURL: config.authURL, config.auth)
  }

  /// Keystone's version 3, without a slash at the end. A version 2 that an old file names is replaced: it is gone everywhere.
  package static func identityURL(_ authURL: String) -> String {
    var base = authURL[...]
    while base.last == "/" { base = base.dropLast() }
    if base.hasSuffix("/v3") { return String(base) }
    if base.hasSuffix("/v2.0") { base = base.dropLast("/v2.0".count) }
    return base + "/v3"
  }

  private static func identity(_ method: CloudAuth.Method) -> JSON {
    switch method {
    case .password(let user, let password):
      ["methods": ["password"], "password": ["user": self.user(user, ["password": .string(password.text)])]]
    case .token(let token):
      ["methods": ["token"], "token": ["id": .string(token.text)]]
    case .applicationCredential(let id, let secret):
      [
        "methods": ["application_credential"],
        "application_credential": ["id": .string(id), "secret": .string(secret.text)],
      ]
    case .namedApplicationCredential(let name, let user, let secret):
      [
        "methods": ["application_credential"],
        "application_credential": [
          "name": .string(name), "secret": .string(secret.text), "user": self.user(user, [:]),
        ],
      ]
    }
  }

  private static func user(_ user: CloudUser, _ more: [String: JSON]) -> JSON {
    switch user {
    case .id(let id): .object(more.merging(["id": .string(id)]) { $1 })
    case .name(let name, let domain):
      .object(more.merging(["name": .string(name), "domain": self.domain(domain)]) { $1 })
    }
  }

  private static func scope(_ scope: CloudAuth.Scope) -> JSON? {
    switch scope {
    case .project(let id): ["project": ["id": .string(id)]]
    case .namedProject(let name, let domain): ["project": ["name": .string(name), "domain": self.domain(domain)]]
    case .domain(let domain): ["domain": self.domain(domain)]
    case .unscoped: nil
    }
  }

  private static func domain(_ domain: CloudDomain) -> JSON {
    switch domain {
    case .id(let id): ["id": .string(id)]
    case .name(let name): ["name": .string(name)]
    }
  }
}

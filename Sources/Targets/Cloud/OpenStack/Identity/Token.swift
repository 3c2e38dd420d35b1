/// What keystone gave: the token, how long it lasts, and where the services are.
package struct Token: Sendable, Hashable {
  package var secret: Secret
  /// Seconds since 1970, by the cloud's clock.
  package var expiresAt: Double
  package var issuedAt: Double?
  package var catalog: Catalog
  /// nil where the login names no project and the user has no usual one: such a token is of no use here.
  package var project: Owner?
  package var user: Owner
  package var roles: [String]

  package struct Owner: Sendable, Hashable {
    package var id: String
    package var name: String

    package init(id: String, name: String) {
      self.id = id
      self.name = name
    }
  }

  package init(
    secret: Secret, expiresAt: Double, issuedAt: Double? = nil, catalog: Catalog, project: Owner?, user: Owner,
    roles: [String] = []
  ) {
    self.secret = secret
    self.expiresAt = expiresAt
    self.issuedAt = issuedAt
    self.catalog = catalog
    self.project = project
    self.user = user
    self.roles = roles
  }

  /// Reads the answer to an `AuthRequest`. Throws `CloudError` with the cloud's own words where it is no token.
  package init(_ response: HTTPResponse, for config: CloudConfig) throws(CloudError) {
    let operation = "log in to cloud `\(config.name)`"
    guard response.status == 201 || response.status == 200 else {
      throw Self.refusal(response, config, operation)
    }
    let body = JSON(bytes: response.body)?["token"]
    guard let body, let secret = response["X-Subject-Token"], !secret.isEmpty,
      let expiry = body["expires_at"]?.string.flatMap(Timestamp.seconds)
    else {
      throw CloudError(
        .failed, operation: operation,
        cause: "\(config.authURL) answered \(response.status) without a token, as something that isn't keystone does",
        hint: Self.where(config, "check `auth_url`"))
    }
    self.init(
      secret: Secret(secret), expiresAt: expiry, issuedAt: body["issued_at"]?.string.flatMap(Timestamp.seconds),
      catalog: Catalog(body["catalog"], config), project: Self.owner(body["project"]),
      user: Self.owner(body["user"]) ?? Owner(id: "", name: ""),
      roles: (body["roles"]?.array ?? []).compactMap { $0["name"]?.string })
  }

  private static func owner(_ json: JSON?) -> Owner? {
    json?["id"]?.string.map { Owner(id: $0, name: json?["name"]?.string ?? $0) }
  }

  /// Keystone says the same whether the user, the password or the project is wrong.
  private static func refusal(_ response: HTTPResponse, _ config: CloudConfig, _ operation: String) -> CloudError {
    var error = ServiceReply(response, .identity).error(operation: operation)
    var isRefused = response.status == 401
    // That is how keystone says that it doesn't know the token that was shown.
    if case .token = config.auth.method, response.status == 404, error.cause.contains("token") { isRefused = true }
    if isRefused {
      error.code = .unauthorized
      let what =
        switch config.auth.method {
        case .password: "user, password, project and their domains"
        case .token: "the token, which may have ended, and its project"
        case .applicationCredential, .namedApplicationCredential:
          "the application credential and its secret; it may have ended"
        }
      error.cause += ", as \(config.auth.summary)"
      error.hint = "check \(what): `stackmake doctor` says where each was written"
      return error
    }
    switch response.status {
    case 300, 404, 405:
      error.hint = Self.where(config, "`auth_url` doesn't lead to keystone's version 3: check it")
    case 400, 403:
      error.hint = "`stackmake doctor` says where each value was written"
    default: break
    }
    return error
  }

  private static func `where`(_ config: CloudConfig, _ text: String) -> String {
    (config.origin(of: "auth.auth_url") ?? config.origin(of: "auth_url")).map { "\(text) (\($0))" } ?? text
  }
}

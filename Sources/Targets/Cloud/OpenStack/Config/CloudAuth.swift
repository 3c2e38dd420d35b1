/// How to log in: who, by what, and to which project.
package struct CloudAuth: Sendable, Hashable {
  package enum Method: Sendable, Hashable {
    case password(CloudUser, Secret)
    case token(Secret)
    case applicationCredential(id: String, secret: Secret)
    case namedApplicationCredential(name: String, CloudUser, secret: Secret)
  }

  package enum Scope: Sendable, Hashable {
    case project(id: String)
    case namedProject(String, CloudDomain)
    case domain(CloudDomain)
    /// What the cloud gives where nothing is asked for: an application credential's own project, a user's usual one.
    case unscoped
  }

  package var method: Method
  package var scope: Scope

  package init(_ method: Method, scope: Scope) {
    self.method = method
    self.scope = scope
  }

  /// `user demo in project demo`, for messages.
  package var summary: String {
    let who =
      switch method {
      case .password(let user, _): "user \(user)"
      case .token: "a token"
      case .applicationCredential(let id, _): "application credential \(id)"
      case .namedApplicationCredential(let name, let user, _): "application credential `\(name)` of user \(user)"
      }
    return switch scope {
    case .project(let id): "\(who) in project \(id)"
    case .namedProject(let name, let domain): "\(who) in project `\(name)` of \(domain)"
    case .domain(let domain): "\(who) in \(domain)"
    case .unscoped: who
    }
  }
}

package enum CloudDomain: Sendable, Hashable, CustomStringConvertible {
  case id(String)
  case name(String)

  package var description: String {
    switch self {
    case .id(let id): "domain id \(id)"
    case .name(let name): "domain `\(name)`"
    }
  }
}

package enum CloudUser: Sendable, Hashable, CustomStringConvertible {
  case id(String)
  case name(String, CloudDomain)

  package var description: String {
    switch self {
    case .id(let id): "id \(id)"
    case .name(let name, let domain): "`\(name)` of \(domain)"
    }
  }
}

/// The one place through which every request to a service of the cloud passes.
///
/// Adds token and version, renews the token once where a service refuses it, and makes a `CloudError` of every status
/// that isn't success. May be used from many tasks at once.
package struct ServiceClient: Sendable {
  package let config: CloudConfig
  package let tokens: TokenSource
  private let http: any HTTP

  /// Pages that a list may have: a service that always names a next one must not keep us.
  private static let pageLimit = 1000

  package init(_ config: CloudConfig, http: any HTTP, tokens: TokenSource) {
    self.config = config
    self.http = http
    self.tokens = tokens
  }

  /// Sends one request, `path` counted from the service's version: `/servers`.
  ///
  /// `operation` says what is being done, for errors: `create server`. `repeats` is for a POST that only asks.
  package func send(
    _ operation: String, _ service: ServiceType, _ method: String, _ path: String, query: [QueryItem] = [],
    body: JSON? = nil, microversion: APIVersion? = nil, repeats: Bool? = nil
  ) async throws(CloudError) -> HTTPResponse {
    try await exchange(operation, service, method, body) { token throws(CloudError) in
      let base = ServiceAddress.base(service, try token.catalog.url(service))
      return HTTPRequest(
        method, ServiceAddress.url(base, path, query), headers: Self.headers(service, body, microversion),
        body: body?.bytes ?? [], limit: config.limit, repeats: repeats)
    }
  }

  /// The same, for the JSON of the answer.
  package func json(
    _ operation: String, _ service: ServiceType, _ method: String, _ path: String, query: [QueryItem] = [],
    body: JSON? = nil, microversion: APIVersion? = nil, repeats: Bool? = nil
  ) async throws(CloudError) -> JSON {
    let response = try await send(
      operation, service, method, path, query: query, body: body, microversion: microversion, repeats: repeats)
    return try Self.json(response, operation, service)
  }

  /// All pages of a list: what stands below `key` in each.
  package func list(
    _ operation: String, _ service: ServiceType, _ path: String, _ key: String, query: [QueryItem] = [],
    microversion: APIVersion? = nil
  ) async throws(CloudError) -> [JSON] {
    var items: [JSON] = []
    var target = ServiceAddress.url("", path, query)
    var seen: Set = [target]
    while true {
      let page = try await json(operation, service, "GET", target, microversion: microversion)
      items += page[key]?.array ?? []
      guard let next = PageLink.next(in: page) else { return items }
      target = "\(path)?\(next)"
      guard seen.insert(target).inserted, seen.count <= Self.pageLimit else {
        throw CloudError(
          .failed, operation: operation,
          cause: "\(service.project) names a next page of \(path) without end (\(seen.count) so far)",
          hint: "that is a fault of the cloud: tell who runs it")
      }
    }
  }

  /// The versions that a service says it speaks.
  package func versions(_ service: ServiceType) async throws(CloudError) -> APIVersions {
    let operation = "ask \(service.project) for its versions"
    let response = try await exchange(operation, service, "GET", nil) { token throws(CloudError) in
      let url = ServiceAddress.versions(service, try token.catalog.url(service))
      return HTTPRequest("GET", url, headers: Self.headers(service, nil, nil), limit: config.limit)
    }
    guard let versions = APIVersions(try Self.json(response, operation, service)) else {
      throw CloudError(.failed, operation: operation, cause: "what \(service.project) answered names no version")
    }
    return versions
  }

  // MARK: - One exchange

  private func exchange(
    _ operation: String, _ service: ServiceType, _ method: String, _ body: JSON?,
    _ request: (Token) throws(CloudError) -> HTTPRequest
  ) async throws(CloudError) -> HTTPResponse {
    let token = try await tokens.token()
    let response = try await send(request(token), token, operation)
    if Self.isFine(response) { return response }
    guard response.status == 401 else {
      throw ServiceReply(response, service, method: method, sent: body).error(operation: operation)
    }
    let renewed = try await tokens.renew(after: token)
    let second = try await send(request(renewed), renewed, operation)
    if Self.isFine(second) { return second }
    var error = ServiceReply(second, service, method: method, sent: body).error(operation: operation)
    if second.status == 401 {
      // Glance says 401 where it can't reach keystone.
      error.hint = "a new token was refused too: \(service.project) may not reach keystone; try again in a while"
    }
    throw error
  }

  /// 300 is how services list their versions. Any other redirection is to somewhere else: nothing was done here.
  private static func isFine(_ response: HTTPResponse) -> Bool { response.status <= 300 }

  private func send(
    _ request: HTTPRequest, _ token: Token, _ operation: String
  ) async throws(CloudError) -> HTTPResponse {
    var request = request
    request.headers.append(HTTPHeader("X-Auth-Token", token.secret.text))
    do throws(HTTPError) {
      return try await http.send(request)
    } catch {
      throw CloudError(error, operation: operation, request: request)
    }
  }

  private static func json(
    _ response: HTTPResponse, _ operation: String, _ service: ServiceType
  ) throws(CloudError) -> JSON {
    if let json = JSON(bytes: response.body) { return json }
    var error = CloudError(
      .failed, operation: operation,
      cause: "\(service.project) answered \(response.status) with something that isn't JSON",
      hint: "something else may stand in between: check the proxy and the endpoint")
    error.status = response.status
    throw error
  }

  private static func headers(_ service: ServiceType, _ body: JSON?, _ microversion: APIVersion?) -> [HTTPHeader] {
    var headers = [HTTPHeader("Accept", "application/json")]
    if body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
    if let microversion {
      headers.append(HTTPHeader("OpenStack-API-Version", "\(service.headerName) \(microversion)"))
      // Nova before 2.27 knows only this one.
      if service == .compute { headers.append(HTTPHeader("X-OpenStack-Nova-API-Version", "\(microversion)")) }
    }
    return headers
  }
}

extension ServiceType {
  /// Cinder's header has its project's old type.
  fileprivate var headerName: String { self == .blockStorage ? "volume" : rawValue }
}

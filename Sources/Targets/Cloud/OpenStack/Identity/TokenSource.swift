/// One token for everything that talks to the cloud.
///
/// It is fetched when the first caller asks, by one request however many ask at once, and again a minute before it ends.
package actor TokenSource {
  private let config: CloudConfig
  private let http: any HTTP
  private let now: @Sendable () -> Double

  /// A token, and how long it holds by this machine's clock, which may differ from the cloud's.
  private struct Held {
    var token: Token
    var fetchedAt: Double
    /// nil where the cloud says that it has ended before it was made: then it holds until a service refuses it.
    var endsAt: Double?

    /// A minute before its end; a token of a few minutes or seconds is kept for three quarters of its time.
    var renewsAt: Double {
      guard let endsAt else { return .infinity }
      let lifetime = endsAt - fetchedAt
      return max(endsAt - min(60, lifetime / 4), fetchedAt + TokenSource.shortest)
    }
  }

  private var held: Held?
  private var flight: Task<Result<Held, CloudError>, Never>?
  /// A login that keystone refused is not tried again: it may lock the user.
  private var refusal: CloudError?
  /// When services refused tokens that should have held.
  private var refusals: [Double] = []

  /// Seconds for which a token is kept whatever it says of itself. One that was bought with another token ends with
  /// that one, and would be renewed ever faster towards its end.
  private static let shortest = 10.0
  /// Tokens that may be refused in a minute.
  private static let refusalLimit = 5

  /// Asks for nothing yet. `now`: seconds since 1970. Where `http` repeats requests, logins are repeated too.
  package init(_ config: CloudConfig, http: any HTTP, now: @escaping @Sendable () -> Double) {
    self.config = config
    self.http = http
    self.now = now
  }

  /// A token that holds for a while yet.
  package func token() async throws(CloudError) -> Token {
    if let held, now() < held.renewsAt { return held.token }
    do {
      return try await fetched()
    } catch {
      // Keystone may be away while the token still holds.
      let isAway = error.code == .unavailable || (error.status ?? 0) >= 500
      if isAway, let held, let endsAt = held.endsAt, now() < endsAt { return held.token }
      throw Self.asLogin(error)
    }
  }

  /// A token other than `refused`, which a service answered with 401. All that hold it get the same new one.
  package func renew(after refused: Token) async throws(CloudError) -> Token {
    if let held, held.token != refused { return try await token() }
    if flight == nil, let held, held.endsAt.map({ now() < $0 }) ?? true {
      let time = now()
      refusals = refusals.filter { time - $0 < 60 } + [time]
      guard refusals.count <= Self.refusalLimit else {
        throw CloudError(
          .unauthorized, operation: "log in to cloud `\(config.name)`",
          cause: "services refused \(Self.refusalLimit) tokens in a minute that keystone had just made",
          hint: "keystone may be out of reach for the services, or their clocks wrong: try again in a while")
      }
    }
    do {
      return try await fetched()
    } catch {
      throw Self.asLogin(error)
    }
  }

  /// Whoever asks for a server takes a 404 for its answer: what keystone says of a login must not be taken for that.
  private static func asLogin(_ error: CloudError) -> CloudError {
    var error = error
    error.status = nil
    if [.notFound, .conflict, .quota, .forbidden, .unsupported].contains(error.code) { error.code = .failed }
    return error
  }

  /// Waits for the request that is on its way, or sends one.
  private func fetched() async throws(CloudError) -> Token {
    if let refusal { throw refusal }
    let task: Task<Result<Held, CloudError>, Never>
    if let flight {
      task = flight
    } else {
      // Not a child of the caller: if that is cancelled, the others still wait for it.
      task = Task { [config, http, now] in await Self.fetch(config, http, now) }
      flight = task
    }
    let result = await task.value
    // Everyone who waited comes by here; the first clears up.
    if flight == task {
      flight = nil
      switch result {
      case .success(let new): held = new
      case .failure(let error):
        if let status = error.status, (400..<500).contains(status), ![408, 425, 429].contains(status) {
          refusal = error
        }
      }
    }
    return try result.get().token
  }

  private static func fetch(
    _ config: CloudConfig, _ http: any HTTP, _ now: @Sendable () -> Double
  ) async -> Result<Held, CloudError> {
    let auth = AuthRequest(config)
    let request = HTTPRequest(
      "POST", auth.url,
      headers: [HTTPHeader("Content-Type", "application/json"), HTTPHeader("Accept", "application/json")],
      body: auth.body.bytes, limit: config.limit, repeats: true)
    // Before the request: the token's time begins while the answer is on its way.
    let begin = now()
    do throws(HTTPError) {
      let response = try await http.send(request)
      do throws(CloudError) {
        let token = try Token(response, for: config)
        guard token.project != nil else { return .failure(Self.unscoped(config)) }
        let lifetime = token.expiresAt - (token.issuedAt ?? begin)
        return .success(Held(token: token, fetchedAt: begin, endsAt: lifetime > 0 ? begin + lifetime : nil))
      } catch {
        return .failure(error)
      }
    } catch {
      return .failure(CloudError(error, operation: "log in to cloud `\(config.name)`", request: request))
    }
  }

  private static func unscoped(_ config: CloudConfig) -> CloudError {
    var error = CloudError(
      .unauthorized, operation: "log in to cloud `\(config.name)`",
      cause: "keystone gave a token without a project, which can't make servers (\(config.auth.summary))",
      hint: "give `project_name` (or `project_id`) with the login")
    // As good as a refusal: the next try ends the same way.
    error.status = 401
    return error
  }
}

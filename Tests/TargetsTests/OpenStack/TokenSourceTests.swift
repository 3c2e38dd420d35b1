import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct TokenSourceTests {
  private static func source(_ services: FakeServices) -> TokenSource {
    TokenSource(.sample(), http: services, now: services.now)
  }

  /// Runs `body` many times at once, once all of them can have begun.
  private static func atOnce(
    _ count: Int, _ services: FakeServices, _ body: @escaping @Sendable () async throws -> Token
  ) async throws -> Set<String> {
    let before = services.requests.count
    services.hold()
    return try await withThrowingTaskGroup(of: Token.self) { group in
      for _ in 0..<count { group.addTask { try await body() } }
      try await services.waitForRequests(before + 1)
      for _ in 0..<1000 { await Task.yield() }
      services.goOn()
      return try await group.reduce(into: []) { $0.insert($1.secret.text) }
    }
  }

  @Test func manyWhoAskAtOnceShareOneRequest() async throws {
    let services = FakeServices { _, number in .success(FakeServices.token(number)) }
    let source = Self.source(services)
    #expect(try await Self.atOnce(50, services) { try await source.token() } == ["token-1"])
    #expect(services.logins == 1)
    #expect(services.requests[0].repeats == true)
    #expect(services.requests[0].url == "http://127.0.0.1:5000/v3/auth/tokens")
  }

  @Test func manyWhoseTokenWasRefusedShareOneRequest() async throws {
    let services = FakeServices { _, number in .success(FakeServices.token(number)) }
    let source = Self.source(services)
    let first = try await source.token()
    #expect(try await Self.atOnce(50, services) { try await source.renew(after: first) } == ["token-2"])
    // One that comes late still gets it.
    #expect(try await source.renew(after: first).secret == Secret("token-2"))
    #expect(services.logins == 2)
  }

  /// The token is asked for at 0, and again at `age`.
  @Test(arguments: [
    (3600.0, 3539.0, 1), (3600, 3541, 2), (3600, 4000, 2), (240, 179, 1), (240, 181, 2),
    (100, 74, 1), (100, 76, 2), (30, 22, 1), (30, 23, 2), (5, 9, 1), (5, 11, 2), (0, 1e6, 1), (-10, 1e6, 1),
  ]) func isRenewedBeforeItsEnd(_ lifetime: Double, _ age: Double, _ logins: Int) async throws {
    // The cloud's clock is days before this machine's.
    let services = FakeServices { _, number in .success(FakeServices.token(number, lifetime: lifetime)) }
    services.time = 1e9
    let source = Self.source(services)
    _ = try await source.token()
    services.time += age
    #expect(try await source.token().secret == Secret("token-\(logins)"))
    #expect(services.logins == logins)
  }

  /// Tokens bought with a token all end with the first one.
  @Test func isNotRenewedEverFasterTowardsACommonEnd() async throws {
    let services = FakeServices { [end = 1_000_100.0] _, number in
      .success(FakeServices.token(number, lifetime: 20, issued: end - 20))
    }
    let source = Self.source(services)
    for _ in 0..<1000 {
      _ = try await source.token()
      services.time += 0.1
    }
    #expect(services.logins <= 10)
  }

  @Test func aRefusedLoginIsNotTriedAgain() async throws {
    let services = FakeServices { _, _ in
      .success(HTTPResponse(401, body: Array(#"{"error": {"message": "No.", "code": 401}}"#.utf8)))
    }
    let source = Self.source(services)
    for _ in 0..<3 {
      let error = await #expect(throws: CloudError.self) { _ = try await source.token() }
      #expect(error?.code == .unauthorized)
    }
    #expect(services.logins == 1)
  }

  /// Nova says 404 of a server that is gone, and 403 of a console that it doesn't show: keystone says both of logins.
  @Test(arguments: [401, 403, 404, 405, 409, 410, 501]) func aRefusedLoginIsNoAnswerAboutAServer(_ status: Int)
    async throws
  {
    let services = FakeServices { _, number in
      number == 1
        ? .success(FakeServices.token(1))
        : .success(HTTPResponse(status, body: Array(#"{"error": {"message": "No such token."}}"#.utf8)))
    }
    let source = Self.source(services)
    let first = try await source.token()
    for _ in 0..<2 {
      let error = await #expect(throws: CloudError.self) { _ = try await source.renew(after: first) }
      #expect(error?.status == nil)
      #expect(error.map { [.unauthorized, .failed].contains($0.code) } == true, "\(String(describing: error))")
    }
  }

  @Test func keystoneMayComeBack() async throws {
    let services = FakeServices { _, number in
      switch number {
      case 1: .failure(HTTPError(.connect, cause: "connection refused", mayHaveArrived: false))
      case 2: .success(HTTPResponse(503))
      default: .success(FakeServices.token(number))
      }
    }
    let source = Self.source(services)
    let away = await #expect(throws: CloudError.self) { _ = try await source.token() }
    #expect(
      away?.description == """
        log in to cloud `lab`: POST http://127.0.0.1:5000/v3/auth/tokens: connection refused
          hint: check the address and the way to it; `stackmake doctor` tries each step
        """)
    #expect(await #expect(throws: CloudError.self) { _ = try await source.token() }?.code == .unavailable)
    #expect(try await source.token().secret == Secret("token-3"))
  }

  @Test func aTokenThatStillHoldsIsUsedWhileKeystoneIsAway() async throws {
    let services = FakeServices { _, number in
      number == 1
        ? .success(FakeServices.token(1)) : .failure(HTTPError(.timeout, cause: "too late", mayHaveArrived: true))
    }
    let source = Self.source(services)
    _ = try await source.token()
    services.time = 3590
    #expect(try await source.token().secret == Secret("token-1"))
    services.time = 3601
    #expect(await #expect(throws: CloudError.self) { _ = try await source.token() }?.code == .unavailable)
  }

  @Test func goodTokensAreRefusedOnlySoOften() async throws {
    let services = FakeServices { _, number in .success(FakeServices.token(number)) }
    let source = Self.source(services)
    var token = try await source.token()
    for _ in 0..<5 { token = try await source.renew(after: token) }
    let error = await #expect(throws: CloudError.self) { _ = try await source.renew(after: token) }
    #expect(error?.cause == "services refused 5 tokens in a minute that keystone had just made")
    #expect(services.logins == 6)
    services.time = 61
    #expect(try await source.renew(after: token).secret == Secret("token-7"))
  }

  @Test func tokensThatEndedMayBeRefusedOften() async throws {
    let services = FakeServices { _, number in .success(FakeServices.token(number, lifetime: 2)) }
    let source = Self.source(services)
    var token = try await source.token()
    for _ in 0..<20 {
      services.time += 3
      token = try await source.renew(after: token)
    }
    #expect(services.logins == 21)
  }

  @Test func aTokenWithoutAProjectIsOfNoUse() async throws {
    let services = FakeServices { _, number in .success(FakeServices.token(number, project: false)) }
    let error = await #expect(throws: CloudError.self) { _ = try await Self.source(services).token() }
    #expect(
      error?.description == """
        log in to cloud `lab`: keystone gave a token without a project, which can't make servers \
        (user `demo` of domain `Default` in project `demo` of domain `Default`)
          hint: give `project_name` (or `project_id`) with the login
        """)
  }

  /// The one that began the request goes; the others still get their token.
  @Test func cancellingOneLeavesTheOthers() async throws {
    let services = FakeServices { _, number in .success(FakeServices.token(number)) }
    let source = Self.source(services)
    services.hold()
    let first = Task { try await source.token() }
    try await services.waitForRequests(1)
    let second = Task { try await source.token() }
    first.cancel()
    services.goOn()
    #expect(try await second.value.secret == Secret("token-1"))
    #expect(services.logins == 1)
  }
}

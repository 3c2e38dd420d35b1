import Support
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct ServiceClientTests {
  private static func client(_ services: FakeServices) -> ServiceClient {
    ServiceClient(
      .sample(), http: services, tokens: TokenSource(.sample(), http: services, now: services.now))
  }

  /// Logins succeed; all else is for `answer`, with the token that came along.
  private static func services(
    _ answer: @escaping @Sendable (_ request: HTTPRequest, _ token: String) -> HTTPResponse
  ) -> FakeServices {
    FakeServices { request, number in
      if request.url.hasSuffix("/auth/tokens") { return .success(FakeServices.token(number)) }
      return .success(answer(request, request.headers.value(of: "X-Auth-Token") ?? ""))
    }
  }

  private static func json(_ status: Int, _ json: JSON) -> HTTPResponse { HTTPResponse(status, body: json.bytes) }

  @Test func everyRequestHasWhatServicesAskFor() async throws {
    let services = Self.services { _, _ in Self.json(202, ["server": ["id": "s1"]]) }
    let json = try await Self.client(services).json(
      "create server", .compute, "POST", "/servers", query: [QueryItem("a", "b c")], body: ["server": ["name": "x"]],
      microversion: APIVersion(2, 90))
    #expect(json["server"]?["id"]?.string == "s1")
    let request = try #require(services.requests.last)
    #expect(request.method == "POST")
    #expect(request.url == "http://nova.test/v2.1/servers?a=b%20c")
    #expect(request.repeats == nil)
    #expect(request.body == Array(#"{"server":{"name":"x"}}"#.utf8))
    #expect(
      request.headers == [
        HTTPHeader("Accept", "application/json"), HTTPHeader("Content-Type", "application/json"),
        HTTPHeader("OpenStack-API-Version", "compute 2.90"), HTTPHeader("X-OpenStack-Nova-API-Version", "2.90"),
        HTTPHeader("X-Auth-Token", "token-1"),
      ])
  }

  @Test func aRefusedTokenIsRenewedOnceAndTheRequestRepeated() async throws {
    let services = Self.services { _, token in
      token == "token-1" ? Self.json(401, ["error": ["message": "no"]]) : Self.json(200, ["servers": []])
    }
    let client = Self.client(services)
    #expect(try await client.send("list servers", .compute, "GET", "/servers").status == 200)
    #expect(services.requests.map { $0.headers.value(of: "X-Auth-Token") ?? "-" } == ["-", "token-1", "-", "token-3"])
  }

  @Test func manyWithARefusedTokenRenewItOnce() async throws {
    let services = Self.services { _, token in
      token == "token-1" ? Self.json(401, [:]) : Self.json(200, ["servers": []])
    }
    let client = Self.client(services)
    _ = try await client.tokens.token()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<40 {
        group.addTask { try await client.send("list servers", .compute, "GET", "/servers").status }
      }
      for try await status in group { #expect(status == 200) }
    }
    #expect(services.logins == 2)
  }

  @Test func aSecondRefusalIsAnError() async throws {
    let reply = try #require(
      ObservedReply.in("outage-keystone-503").first { $0.service == .image && $0.response?.status == 401 }?.response)
    let services = Self.services { _, _ in reply }
    let error = await #expect(throws: CloudError.self) {
      try await Self.client(services).send("find image `debian`", .image, "GET", "/images")
    }
    #expect(error?.code == .unauthorized)
    #expect(error?.hint == "a new token was refused too: glance may not reach keystone; try again in a while")
    #expect(services.requests.count == 4)
  }

  @Test func noAnswerIsAnErrorThatSaysWhetherItMayHaveArrived() async throws {
    let services = FakeServices { request, number in
      if number == 1 { return .success(FakeServices.token(number)) }
      return .failure(HTTPError(.cut, cause: "the connection was lost", mayHaveArrived: true))
    }
    let client = Self.client(services)
    let error = await #expect(throws: CloudError.self) {
      try await client.send("create server", .compute, "POST", "/servers", query: [QueryItem("x", "y")], body: [:])
    }
    #expect(
      error?.description == """
        create server: POST http://nova.test/v2.1/servers: the connection was lost
          hint: check the address and the way to it; `stackmake doctor` tries each step
        """)
    #expect(error?.code == .unavailable)
    #expect(error?.isUncertain == true)
    let read = await #expect(throws: CloudError.self) {
      try await client.send("list servers", .compute, "GET", "/servers")
    }
    #expect(read?.isUncertain == false)
  }

  /// Nothing was deleted.
  @Test func aRedirectionIsAnError() async throws {
    let services = Self.services { _, _ in
      HTTPResponse(301, headers: [HTTPHeader("Location", "https://nova.test/v2.1/servers/1")])
    }
    let error = await #expect(throws: CloudError.self) {
      try await Self.client(services).send("delete server", .compute, "DELETE", "/servers/1")
    }
    #expect(
      error?.description == """
        delete server: nova answered 301
          hint: it moved to https://nova.test/v2.1/servers/1: correct `auth_url`, or the catalog's address by an \
        endpoint override
        """)
  }

  @Test func anythingButJSONIsTold() async throws {
    let services = Self.services { _, _ in HTTPResponse(200, body: Array("<html>hello</html>".utf8)) }
    let error = await #expect(throws: CloudError.self) {
      try await Self.client(services).json("list servers", .compute, "GET", "/servers")
    }
    #expect(error?.cause == "nova answered 200 with something that isn't JSON")
  }

  // MARK: - Pages

  /// The addresses of the pages are those by which the services were asked, whatever they write themselves.
  @Test(arguments: [
    (
      ServiceType.compute, "/flavors", "flavors",
      "http://inside:8774/v2.1/flavors?marker=2" as String, "http://nova.test/v2.1/flavors?marker=2"
    ),
    (.image, "/images", "images", "/v2/images?limit=1&marker=2", "http://glance.test/v2/images?limit=1&marker=2"),
    (
      .network, "/security-group-rules", "security_group_rules",
      "http://q/v2.0/security-group-rules?limit=1&marker=2",
      "http://neutron.test/v2.0/security-group-rules?limit=1&marker=2"
    ),
  ]) func pagesAreFollowed(
    _ service: ServiceType, _ path: String, _ key: String, _ link: String, _ second: String
  ) async throws {
    let services = Self.services { request, _ in
      if request.url.contains("marker") { return Self.json(200, [key: ["c"]]) }
      return service == .image
        ? Self.json(200, [key: ["a", "b"], "next": .string(link)])
        : Self.json(
          200,
          [
            key: ["a", "b"],
            "\(key)_links": [["rel": "previous", "href": "?x"], ["rel": "next", "href": .string(link)]],
          ])
    }
    let items = try await Self.client(services).list("list", service, path, key)
    #expect(items == ["a", "b", "c"])
    #expect(services.requests.last?.url == second)
  }

  @Test func observedPagesHaveTheirLinks() {
    let pages = ObservedReply.in("nova-max_limit-2-forces-pages").filter { $0.path.contains("flavors") }
    #expect(
      pages.map { PageLink.next(in: $0.body) } == [
        "marker=833c7cca-d668-42d1-8351-b3d6ffa2b093", "marker=fe0e78a2-555c-4e21-a42a-50e9ae649924",
        "limit=99&marker=833c7cca-d668-42d1-8351-b3d6ffa2b093",
      ])
    let last = ObservedReply.in("nova-reads-limits-quotas-az").first { $0.path == "/v2.1/flavors/detail" }
    #expect(last.map { PageLink.next(in: $0.body) } == .some(nil))
  }

  @Test func pagesWithoutEndEnd() async throws {
    let same = Self.services { _, _ in
      Self.json(200, ["servers": ["a"], "servers_links": [["rel": "next", "href": "x?marker=a"]]])
    }
    let error = await #expect(throws: CloudError.self) {
      try await Self.client(same).list("list servers", .compute, "/servers", "servers")
    }
    #expect(error?.cause == "nova names a next page of /servers without end (2 so far)")
    let growing = Self.services { request, _ in
      let next = JSON.string("x?marker=\(request.url.count)\(request.url.suffix(900))")
      return Self.json(200, ["servers": ["a"], "servers_links": [["rel": "next", "href": next]]])
    }
    _ = await #expect(throws: CloudError.self) {
      try await Self.client(growing).list("list servers", .compute, "/servers", "servers")
    }
    #expect(growing.requests.count <= 1002)
  }

  @Test func versionsAreAskedForWhereTheyStand() async throws {
    let reply = try #require(ObservedReply.in("nova-versions").first { $0.path == "/v2.1/" }?.response)
    let services = Self.services { _, _ in reply }
    #expect(try await Self.client(services).versions(.compute).microversions?.upperBound == APIVersion(2, 93))
    #expect(services.requests.last?.url == "http://nova.test/v2.1/")
  }
}

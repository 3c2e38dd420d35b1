import Support
import Testing

@testable import Targets

@Suite struct IdentityTests {
  // MARK: - Login

  @Test(arguments: [
    ("http://k:5000", "http://k:5000/v3"), ("http://k:5000/", "http://k:5000/v3"),
    ("http://k:5000/v3", "http://k:5000/v3"),
    ("http://k:5000/v3//", "http://k:5000/v3"), ("https://k/identity", "https://k/identity/v3"),
    ("https://k/identity/v2.0/", "https://k/identity/v3"),
  ]) func versionThreeIsAppended(_ written: String, _ expected: String) {
    #expect(AuthRequest.identityURL(written) == expected)
  }

  @Test func everyScopeHasItsBody() {
    let bodies = [
      CloudAuth.Scope.project(id: "p1"), .namedProject("demo", .id("d1")), .domain(.name("Acme")), .unscoped,
    ].map { AuthRequest(authURL: "http://k", CloudAuth(.token(Secret("t")), scope: $0)).body["auth"]?["scope"]?.text }
    #expect(
      bodies == [
        #"{"project":{"id":"p1"}}"#, #"{"project":{"domain":{"id":"d1"},"name":"demo"}}"#,
        #"{"domain":{"name":"Acme"}}"#, nil,
      ])
  }

  // MARK: - Token

  @Test func readsWhatKeystoneGives() throws {
    let reply = try #require(ObservedReply.in("keystone-auth-ok-201").first?.response)
    let token = try Token(reply, for: .sample())
    #expect(token.secret == Secret("<token, 183 chars>"))
    #expect(token.project == Token.Owner(id: "f1a17d274825426882e50198571f485d", name: "demo"))
    #expect(token.user.name == "demo")
    #expect(token.roles == ["reader", "member"])
    #expect(token.expiresAt - (token.issuedAt ?? 0) == 86_400)
    #expect(token.catalog.endpoints.count == 15)
    #expect(try token.catalog.url(.image) == "http://127.0.0.1:9292")
  }

  /// A user may have a usual project.
  @Test func aLoginThatNamesNoProjectMayGetOne() throws {
    let reply = try #require(ObservedReply.in("keystone-unscoped-token").first?.response)
    #expect(try Token(reply, for: .sample()).project?.name == "demo")
  }

  @Test func aTokenWithoutAProjectHasNoServices() {
    let error = #expect(throws: CloudError.self) { try Catalog([], .sample()).url(.compute) }
    #expect(
      error?.description == """
        find the compute service of cloud `lab`: the catalog is empty, as it is for a login without a project
          hint: give `project_name` (or `project_id`) with the login
        """)
  }

  @Test func aRefusalSaysWhoAndWhatToCheck() throws {
    let reply = try #require(ObservedReply.in("keystone-auth-401-wrong-password-user-project").first?.response)
    let error = #expect(throws: CloudError.self) { try Token(reply, for: .sample()) }
    #expect(
      error?.description == """
        log in to cloud `lab`: keystone answered 401: The request you have made requires authentication \
        (request id req-0bd2c6bd-566d-4ea3-9949-efc93c50e6c9), as user `demo` of domain `Default` in project `demo` \
        of domain `Default`
          hint: check user, password, project and their domains: `stackmake doctor` says where each was written
        """)
    #expect(error?.code == .unauthorized)
    #expect(error?.status == 401)
    #expect(error?.requestID == "req-0bd2c6bd-566d-4ea3-9949-efc93c50e6c9")
  }

  @Test(arguments: [
    (HTTPResponse(200, body: Array("<html>welcome</html>".utf8)), "check `auth_url` (OS_AUTH_URL in the environment)"),
    (
      HTTPResponse(404, body: Array("<html><h1>Not Found</h1></html>".utf8)),
      "`auth_url` doesn't lead to keystone's version 3: check it (OS_AUTH_URL in the environment)"
    ),
  ]) func whatIsNotKeystoneIsTold(_ response: HTTPResponse, _ hint: String) {
    var config = CloudConfig.sample()
    config.settings = [CloudConfig.Setting("auth_url", config.authURL, .environment("OS_AUTH_URL"))]
    let written = config
    let error = #expect(throws: CloudError.self) { try Token(response, for: written) }
    #expect(error?.hint == hint)
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0.0), ("2026-11-24T22:34:13.500000Z", 1_795_559_653.5),
      ("2000-02-29T00:00:00", 951_782_400),
      ("2000-03-01 00:00:00", 951_868_800), ("2038-01-19T03:14:08+00:00", 2_147_483_648),
      ("2100-03-01T00:00:00Z", 4_107_542_400),
      ("2026-13-01T00:00:00Z", nil), ("2026-11-24", nil), ("", nil), ("2026-11-24T22:34Z", nil),
    ] as [(String, Double?)]) func readsTimes(_ text: String, _ seconds: Double?)
  {
    #expect(Timestamp.seconds(text) == seconds)
  }

  // MARK: - Catalog

  private static let endpoints = [
    ("compute", "public", "north", "https://nova.north/v2.1/"),
    ("compute", "internal", "north", "http://nova.inside/v2.1"),
    ("compute", "public", "south", "https://nova.south/v2.1"),
    ("volumev3", "public", "north", "https://cinder.north/v3/p1"),
    ("volumev2", "public", "north", "https://cinder.north/v2/p1"), ("image", "admin", "south", "https://glance.south"),
  ].map { Catalog.Endpoint(type: $0.0, interface: $0.1, region: $0.2, url: $0.3) }

  @Test func findsByRegionInterfaceAndOldNames() throws {
    func url(_ service: ServiceType, _ config: CloudConfig) throws -> String {
      try Catalog(Self.endpoints, config).url(service)
    }
    #expect(try url(.compute, .sample()) == "https://nova.north/v2.1")
    #expect(try url(.compute, .sample(region: "south")) == "https://nova.south/v2.1")
    #expect(try url(.compute, .sample(interfaces: ["internal", "public"])) == "http://nova.inside/v2.1")
    #expect(
      try url(.compute, .sample(region: "south", interfaces: ["internal", "public"])) == "https://nova.south/v2.1")
    #expect(try url(.blockStorage, .sample()) == "https://cinder.north/v3/p1")
    #expect(try url(.network, .sample(overrides: [.network: "http://neutron/"])) == "http://neutron")
    var config = CloudConfig.sample()
    config.serviceInterfaces = [.compute: ["internal"]]
    #expect(try url(.compute, config) == "http://nova.inside/v2.1")
  }

  @Test func saysWhatThereIs() {
    func error(_ service: ServiceType, _ config: CloudConfig) -> String? {
      #expect(throws: CloudError.self) { try Catalog(Self.endpoints, config).url(service) }?.description
    }
    #expect(
      error(.network, .sample()) == """
        find the network service of cloud `lab`: the catalog has none; it has compute, image, volumev2, volumev3
          hint: set `network_endpoint_override` where the cloud has one all the same
        """)
    #expect(
      error(.compute, .sample(region: "North")) == """
        find the compute service of cloud `lab`: the catalog has none in region `North`; it has `north`, `south`
          hint: set `region_name` of the cloud, or OS_REGION_NAME; upper and lower case differ
        """)
    #expect(
      error(.image, .sample(interfaces: ["public", "internal"])) == """
        find the image service of cloud `lab`: the catalog has no `public` or `internal` interface of it; it has `admin`
          hint: set `interface` of the cloud, or OS_INTERFACE
        """)
  }

  // MARK: - Addresses

  @Test(arguments: [
    (ServiceType.compute, "http://n/v2.1", "http://n/v2.1", "http://n/v2.1/"),
    (.compute, "http://n/compute/v2.1/p1", "http://n/compute/v2.1/p1", "http://n/compute/v2.1/"),
    (.compute, "http://n/v2/p1", "http://n/v2.1/p1", "http://n/v2.1/"),
    (.compute, "http://n:8774", "http://n:8774/v2.1", "http://n:8774/v2.1/"),
    (.image, "http://g:9292", "http://g:9292/v2", "http://g:9292/"),
    (.image, "http://g/image/v2", "http://g/image/v2", "http://g/image/"),
    (.network, "http://q:9696", "http://q:9696/v2.0", "http://q:9696/"),
    (.network, "http://q/v2.0", "http://q/v2.0", "http://q/"),
    (.placement, "http://p/placement", "http://p/placement", "http://p/placement/"),
    (.identity, "http://k:5000", "http://k:5000/v3", "http://k:5000/"),
    (.identity, "http://k:5000/v3", "http://k:5000/v3", "http://k:5000/v3"),
    (.image, "http://v2.example", "http://v2.example/v2", "http://v2.example/"),
  ]) func addressesAreMadeOfWhatTheCatalogSays(
    _ service: ServiceType, _ endpoint: String, _ base: String, _ versions: String
  ) {
    #expect(ServiceAddress.base(service, endpoint) == base)
    #expect(ServiceAddress.versions(service, endpoint) == versions)
  }

  @Test func namesInAddressesAreEncoded() {
    let query = [QueryItem("name", "^a+b c$"), QueryItem("tags", "stackmake,sm-é")]
    #expect(ServiceAddress.url("http://n", "/s", query) == "http://n/s?name=%5Ea%2Bb%20c%24&tags=stackmake%2Csm-%C3%A9")
    #expect(ServiceAddress.url("http://n", "/s", []) == "http://n/s")
  }

  // MARK: - Versions

  private static func versions(_ file: String, _ path: String) throws -> APIVersions {
    let reply = try #require(ObservedReply.in(file).first { $0.path == path })
    return try #require(APIVersions(reply.body))
  }

  @Test func readsEveryServicesVersions() throws {
    for path in ["/", "/v2.1/"] {
      #expect(try Self.versions("nova-versions", path).microversions == APIVersion(2, 1)...APIVersion(2, 93))
    }
    for path in ["/", "/v3"] {
      let keystone = try Self.versions("keystone-versions", path)
      #expect(keystone.entries.map(\.id) == ["v3.14"])
      #expect(keystone.entries[0].isCurrent)
      #expect(keystone.microversions == nil)
    }
    let glance = try Self.versions("glance-lists-pagination-404-403", "/versions")
    #expect(glance.entries.first?.version == APIVersion(2, 15))
    #expect(glance.entries.map(\.version) == glance.entries.map(\.version).sorted(by: >))
    let neutron: JSON = [
      "versions": [["id": "v2.0", "status": "CURRENT", "links": [["rel": "self", "href": "http://q/v2.0/"]]]]
    ]
    #expect(APIVersions(neutron)?.entries.map(\.id) == ["v2.0"])
    #expect(APIVersions(["image": "x"]) == nil)
  }

  @Test(arguments: [
    ("2.53", "2.96", "2.93"), ("2.53", "2.90", "2.90"), ("2.1", "2.9", "2.9"), ("2.93", "2.93", "2.93"),
  ]) func choosesTheNewestThatBothSpeak(_ low: String, _ high: String, _ expected: String) throws {
    let versions = try Self.versions("nova-versions", "/v2.1/")
    let range = try #require(APIVersion(low))...(try #require(APIVersion(high)))
    #expect(try versions.choose(range, of: .compute).description == expected)
  }

  @Test func saysWhatIsOffered() throws {
    let versions = try Self.versions("nova-versions", "/v2.1/")
    let old = #expect(throws: CloudError.self) {
      try versions.choose(APIVersion(2, 94)...APIVersion(2, 96), of: .compute)
    }
    #expect(
      old?.description == """
        choose a version of nova: it offers 2.1 to 2.93
          hint: at least 2.94 is needed: the cloud is too old
        """)
    let new = #expect(throws: CloudError.self) {
      try versions.choose(APIVersion(1, 0)...APIVersion(2, 0), of: .compute)
    }
    #expect(new?.hint == "at most 2.0 is known here: the cloud is too new")
    let none = #expect(throws: CloudError.self) {
      try Self.versions("keystone-versions", "/").choose(APIVersion(2, 1)...APIVersion(2, 2), of: .identity)
    }
    #expect(none?.cause == "it offers v3.14 without microversions")
  }
}

import Glibc
import Support
import Targets
import Testing

/// TLS and proxies of `CurlHTTP`, against real servers on the loopback address.
@Suite(.timeLimit(.minutes(5)))
struct CurlConnectionTests {
  @Test func trustsWhomItIsTold() async throws {
    let server = try await TestHTTPServer.start(hasTLS: true)
    let request = HTTPRequest("POST", server.url("/echo"))
    var settings = HTTPSettings()
    settings.caFile = server.file("ca.pem")
    #expect(try await CurlHTTP(settings).send(request).status == 200)
    let strangers: [String?] = [server.file("other-ca.pem"), nil]
    for file in strangers {
      settings.caFile = file
      let error = await failure(CurlHTTP(settings), request)
      #expect(error?.code == .tls)
      #expect(error?.mayHaveArrived == false)
    }
    settings.verifies = false
    #expect(try await CurlHTTP(settings).send(request).status == 200)
    #expect(server.count("request POST /echo") == 2)
    settings = HTTPSettings()
    settings.caFile = "/nonexistent/ca.pem"
    let missing = await failure(CurlHTTP(settings), request)
    #expect(missing?.code == .tls)
    #expect(missing?.cause.contains("/nonexistent/ca.pem") == true)
  }

  @Test func saysWhenTheOtherSideDoesNotSpeakTLS() async throws {
    let (server, http) = try await started()
    let error = await failure(http, HTTPRequest("POST", "https://127.0.0.1:\(server.port)/echo"))
    #expect(error?.code == .tls)
    #expect(error?.mayHaveArrived == false)
  }

  @Test func showsItsCertificate() async throws {
    let server = try await TestHTTPServer.start(hasTLS: true, wantsCertificate: true)
    var settings = HTTPSettings()
    settings.caFile = server.file("ca.pem")
    let error = await failure(CurlHTTP(settings), HTTPRequest("GET", server.url("/echo")))
    // TLS 1.3: the server's refusal comes after the handshake, and its end of the connection may be seen before it.
    #expect([.tls, .cut].contains(error?.code))
    settings.clientCertificate = server.file("client.pem")
    settings.clientKey = server.file("client.key")
    let http = CurlHTTP(settings)
    #expect(try await http.send(HTTPRequest("GET", server.url("/echo"))).status == 200)
    #expect(try await http.send(HTTPRequest("GET", server.url("/echo"))).status == 200)
    #expect(server.count("request GET /echo") == 2)
    settings.clientKey = server.file("ca.key")
    #expect(await failure(CurlHTTP(settings), HTTPRequest("GET", server.url("/echo")))?.code == .tls)
  }

  @Test func speaksHTTP2WhereItIsOffered() async throws {
    let server = try await TestHTTPServer.start(hasTLS: true, isHTTP2: true)
    var settings = HTTPSettings()
    settings.caFile = server.file("ca.pem")
    let http = CurlHTTP(settings)
    let request = HTTPRequest("GET", server.url("/file"))
    #expect(try await text(http, request) == "over HTTP/2")
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<50 { group.addTask { try await http.send(request).status } }
      return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }
    #expect(statuses == [200])
    try await eventually { server.count("request GET /file") == 51 }
    #expect(server.count("accept") == 1)
    #expect(try await http.send(HTTPRequest("GET", server.url("/none"))).status == 404)
  }

  @Test func goesThroughAProxy() async throws {
    let proxy = try await TestHTTPServer.start()
    var settings = HTTPSettings()
    settings.proxies = HTTPSettings.proxies(in: ["http_proxy": proxy.url("")])
    let http = CurlHTTP(settings)
    #expect(try await text(http, HTTPRequest("GET", "http://cloud.invalid/v3")) == "through the proxy")
    #expect(proxy.count("request GET http://cloud.invalid/v3") == 1)
    settings.proxies["no_proxy"] = "example.org,127.0.0.1"
    #expect(try await text(CurlHTTP(settings), HTTPRequest("GET", proxy.url("/chunked"))) == "one two three")
    settings.proxies["no_proxy"] = "*"
    #expect(await failure(CurlHTTP(settings), HTTPRequest("GET", "http://cloud.invalid/"))?.code == .resolve)
  }

  @Test func reachesTLSThroughATunnel() async throws {
    let proxy = try await TestHTTPServer.start()
    let server = try await TestHTTPServer.start(hasTLS: true)
    var settings = HTTPSettings()
    settings.caFile = server.file("ca.pem")
    settings.proxies = ["all_proxy": proxy.url("")]
    let http = CurlHTTP(settings)
    let response = try await http.send(HTTPRequest("GET", server.url("/headers")))
    #expect(response["X-One"] == "second")
    // What the proxy said is no part of the answer.
    #expect(response["X-From"] == nil)
    #expect(proxy.count("request CONNECT 127.0.0.1:\(server.port)") == 1)
    let refused = await failure(http, HTTPRequest("POST", "https://refused.invalid/"))
    #expect(refused?.code == .connect)
    #expect(refused?.mayHaveArrived == false)
    settings.proxies = ["https_proxy": "http://127.0.0.1:1"]
    let absent = await failure(CurlHTTP(settings), HTTPRequest("POST", server.url("/echo")))
    #expect(absent?.code == .connect)
    #expect(absent?.mayHaveArrived == false)
  }

  @Test func leavesTheEnvironmentAlone() async {
    await #expect(processExitsWith: .success) {
      for name in ["http_proxy", "all_proxy", "ALL_PROXY"] { setenv(name, "http://127.0.0.1:1", 1) }
      setenv("no_proxy", "cloud.invalid", 1)
      let (server, http) = try await started()
      let direct = try await http.send(HTTPRequest("GET", server.url("/echo")))
      var settings = HTTPSettings()
      settings.proxies = ["http_proxy": server.url("")]
      let through = try await CurlHTTP(settings).send(HTTPRequest("GET", "http://cloud.invalid/"))
      precondition(direct.status == 200 && through.status == 200)
    }
  }

  @Test func readsProxiesAsCurlDoes() {
    typealias Table = [String: String]
    let cases: [(environment: Table, http: String, https: String)] = [
      ([:], "", ""),
      (["http_proxy": "a:1", "https_proxy": "b:2"], "a:1", "b:2"),
      (["HTTP_PROXY": "a:1", "HTTPS_PROXY": "b:2"], "", "b:2"),
      (["https_proxy": "a:1", "HTTPS_PROXY": "b:2"], "", "a:1"),
      (["ALL_PROXY": "c:3", "https_proxy": "b:2"], "c:3", "b:2"),
      (["all_proxy": "c:3", "https_proxy": ""], "c:3", "c:3"),
    ]
    for (environment, http, https) in cases {
      var settings = HTTPSettings()
      settings.proxies = HTTPSettings.proxies(in: environment)
      #expect(settings.proxy(for: "http://a") == http, "\(environment)")
      #expect(settings.proxy(for: "HTTPS://a") == https, "\(environment)")
    }
    #expect(HTTPSettings.proxies(in: ["NO_PROXY": "x", "PATH": "y"]) == ["no_proxy": "x"])
  }
}

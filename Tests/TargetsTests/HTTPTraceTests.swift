import Support
import Testing

@testable import Targets

@Suite struct HTTPTraceTests {
  @Test(
    arguments: [
      (#"{"password": "a"}"#, #"{"password": "••••"}"#),
      (
        #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","password":"p\"q"}}}}}"#,
        #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","password":"••••"}}}}}"#
      ),
      (
        #"{"identity":{"methods":["token"],"token":{"id":"gAAAA"}},"id":"x"}"#,
        #"{"identity":{"methods":["token"],"token":{"id":"••••"}},"id":"x"}"#
      ),
      (
        #"{"application_credential":{"id":"a","secret":"s","unrestricted":false}}"#,
        #"{"application_credential":{"id":"a","secret":"••••","unrestricted":false}}"#
      ),
      (
        "{\"server\": {\n  \"id\": 1,\n  \"adminPass\" : \"a\", \"user_data\": \"IyEv\", \"n\": [1, -2.5e3, true, null]}}\n",
        "{\"server\": {\n  \"id\": 1,\n  \"adminPass\" : \"••••\", \"user_data\": \"••••\", \"n\": [1, -2.5e3, true, null]}}\n"
      ),
      (
        #"{"OS-EXT-SRV-ATTR:user_data": "a", "user_data": null, "personality": [{"path": "/a", "contents": "b"}]}"#,
        #"{"OS-EXT-SRV-ATTR:user_data": "••••", "user_data": null, "personality": "••••"}"#
      ),
      (
        #"{"keypair": {"private_key": "-----BEGIN"}, "token": "t"}"#,
        #"{"keypair": {"private_key": "••••"}, "token": "••••"}"#
      ),
      (#"[{"secret": {"a": "b"}}, {}, []]"#, #"[{"secret": "••••"}, {}, []]"#),
      ("", nil), ("{", nil), (#"{"a": "b"#, nil), (#"{"a": "b"} password"#, nil), ("password=a", nil),
      (#"{"a" 1}"#, nil),
      ("#cloud-config\n", nil), (String(repeating: "[", count: 100), nil),
    ] as [(String, String?)])
  func masksJSON(_ text: String, _ masked: String?) {
    #expect(SecretMask.json(Array(text.utf8)) == masked)
  }

  @Test(arguments: [
    ("https://a/b", "https://a/b"), ("https://u:p@a/b?c=d@e", "https://••••@a/b?c=d@e"),
    ("https://a/b?token=x&limit=2&password=", "https://a/b?token=••••&limit=2&password=••••"),
    ("https://a/b?x&temp_url_sig=1#f", "https://a/b?x&temp_url_sig=••••"),
  ])
  func masksAddresses(_ url: String, _ masked: String) {
    #expect(SecretMask.url(url) == masked)
  }

  private let login = HTTPRequest(
    "POST", "https://c/v3/auth/tokens",
    headers: [HTTPHeader("content-type", "application/json"), HTTPHeader("X-Auth-Token", "gA")],
    body: Array(#"{"password":"p"}"#.utf8))
  private let answer = HTTPResponse(
    201, headers: [HTTPHeader("x-openstack-request-id", "req-1"), HTTPHeader("X-Subject-Token", "gB")],
    body: Array("{\n \"token\": {}\n}".utf8))

  @Test func showsAsMuchAsIsAsked() {
    func text(_ detail: HTTPTrace.Detail) -> [Substring] {
      HTTPTrace.text(login, .success(answer), took: .milliseconds(12), detail: detail).split(separator: "\n")
    }
    let summary: Substring = "POST https://c/v3/auth/tokens 201 req-1 12 ms, sent 16 B, got 16 B"
    #expect(text(.summary) == [summary])
    #expect(
      text(.headers) == [
        summary, "  > content-type: application/json", "  > X-Auth-Token: ••••", "  < x-openstack-request-id: req-1",
        "  < X-Subject-Token: ••••",
      ])
    #expect(
      text(.bodies) == [
        summary, "  > content-type: application/json", "  > X-Auth-Token: ••••", #"  > {"password":"••••"}"#,
        "  < x-openstack-request-id: req-1", "  < X-Subject-Token: ••••", "  < {", "  <  \"token\": {}", "  < }",
      ])
  }

  @Test func showsOnlyTheSizeOfWhatItCannotLookThrough() {
    let request = HTTPRequest("PUT", "http://c/a", headers: [], body: Array("secret".utf8))
    let page = HTTPResponse(502, headers: [HTTPHeader("Content-Type", "text/html")], body: Array("<p>Bad gateway".utf8))
    #expect(
      HTTPTrace.text(request, .success(page), took: .zero, detail: .bodies) == """
        PUT http://c/a 502 0 ms, sent 6 B, got 14 B
          > (6 bytes of no stated type)
          < Content-Type: text/html
          < <p>Bad gateway
        """)
    let image = HTTPResponse(200, headers: [HTTPHeader("Content-Type", "image/png")], body: [1, 2])
    #expect(
      HTTPTrace.text(request, .success(image), took: .zero, detail: .bodies).hasSuffix("  < (2 bytes of image/png)"))
  }

  @Test func tellsOfEachExchange() async throws {
    let scripted = ScriptedHTTP()
    scripted.on(
      "GET", "*", .status(404), .error(HTTPError(.connect, cause: "connection refused", mayHaveArrived: false)))
    let notes = Notes()
    let http = TracingHTTP(scripted, clock: JumpingClock()) { notes.add($0) }
    #expect(try await http.send(HTTPRequest("GET", "http://c/x")).status == 404)
    #expect(await failure(http, HTTPRequest("GET", "http://c/x"))?.code == .connect)
    #expect(
      notes.all == [
        "GET http://c/x 404 0 ms, sent 0 B, got 0 B", "GET http://c/x no answer: connection refused, 0 ms",
      ])
  }
}

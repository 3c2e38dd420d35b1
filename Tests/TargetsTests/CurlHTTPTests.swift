import Support
import Targets
import Testing

/// `CurlHTTP` against a real server on the loopback address.
@Suite(.timeLimit(.minutes(5)))
struct CurlHTTPTests {
  @Test func usesAConnectionAgain() async throws {
    let (server, http) = try await started()
    for method in ["GET", "HEAD", "PUT", "DELETE", "GET"] {
      let response = try await http.send(HTTPRequest(method, server.url("/echo")))
      #expect(response.status == 200)
      #expect(response.body.isEmpty == (method == "HEAD"))
    }
    #expect(server.count("accept") == 1)
    await http.close()
    // A closed client connects again.
    #expect(try await http.send(HTTPRequest("GET", server.url("/echo"))).status == 200)
    #expect(server.count("accept") == 2)
  }

  @Test func keepsNoMoreConnectionsThanAllowed() async throws {
    let (server, http) = try await started { $0.maximumConnections = 4 }
    for _ in 0..<2 {
      await withTaskGroup { group in
        for _ in 0..<100 { group.addTask { _ = try? await http.send(HTTPRequest("GET", server.url("/echo"))) } }
      }
    }
    #expect(server.count("request GET /echo") == 200)
    #expect(server.count("accept") <= 4)
  }

  @Test func sendsWhatItIsTold() async throws {
    let (server, http) = try await started { $0.userAgent = "stackmake/0" }
    let headers = [HTTPHeader("X-Token", "a b"), HTTPHeader("X-Empty", "")]
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
      for body in ["", "{\"a\": 1}\u{0}after"] {
        let request = HTTPRequest(method, server.url("/echo?q=1"), headers: headers, body: Array(body.utf8))
        let echo = try await text(http, request)
        #expect(echo.contains("\"method\": \"\(method)\""))
        #expect(echo.contains(#""target": "/echo?q=1""#))
        #expect(echo.contains(#"["X-Token", "a b"]"#) && echo.contains(#"["X-Empty", ""]"#))
        #expect(echo.contains(#"["User-Agent", "stackmake/0"]"#))
        #expect(echo.contains(body.isEmpty ? #""body": """# : #""body": "{\"a\": 1}\u0000after""#))
        // What nobody asked for isn't said.
        #expect(!echo.contains("Content-Type") && !echo.contains("Expect"))
        if !body.isEmpty || method.hasPrefix("P") {
          #expect(echo.contains("[\"Content-Length\", \"\(body.utf8.count)\"]"))
        }
      }
    }
    let large = HTTPRequest("PUT", server.url("/echo"), body: Array(repeating: UInt8(ascii: "x"), count: 3 << 20))
    #expect(try await http.send(large).body.count > 3 << 20)
  }

  @Test func unpacksAndPutsTogether() async throws {
    let (server, http) = try await started()
    let packed = String(repeating: "packed ", count: 1000)
    #expect(try await text(http, HTTPRequest("GET", server.url("/packed?with=gzip"))) == packed)
    #expect(try await text(http, HTTPRequest("GET", server.url("/packed?with=deflate"))) == packed)
    #expect(try await text(http, HTTPRequest("GET", server.url("/chunked"))) == "one two three")
    let late = try await http.send(HTTPRequest("GET", server.url("/interim")))
    #expect(late.status == 200 && late["X-Late"] == "yes" && late["X-Early"] == nil)
  }

  @Test func endsAtItsLimits() async throws {
    let (server, http) = try await started {
      $0.maximumBody = 5000
      $0.maximumConnections = 1
    }
    for path in ["/slow", "/slow-body"] {
      let error = await failure(http, HTTPRequest("GET", server.url(path), limit: .milliseconds(500)))
      #expect(error?.code == .timeout)
    }
    let large = await failure(http, HTTPRequest("GET", server.url("/large?bytes=5001")))
    #expect(large?.code == .tooLarge)
    #expect(try await http.send(HTTPRequest("GET", server.url("/large?bytes=5000"))).body.count == 5000)
    // The limit is for what is unpacked.
    #expect(await failure(http, HTTPRequest("GET", server.url("/packed?with=gzip")))?.code == .tooLarge)
    // One that waits for its turn can't have arrived.
    let first = Task { try? await http.send(HTTPRequest("GET", server.url("/slow?first"), limit: .seconds(600))) }
    try await eventually { server.count("request GET /slow?first") == 1 }
    let second = await failure(http, HTTPRequest("POST", server.url("/slow?second"), limit: .milliseconds(300)))
    #expect(second?.code == .timeout)
    #expect(second?.mayHaveArrived == false)
    first.cancel()
    #expect(await first.value == nil)
    #expect(server.count("request POST /slow?second") == 0)
  }

  @Test(arguments: [0, 20, 38, 60]) func noticesACut(_ place: Int) async throws {
    let (server, http) = try await started()
    let error = await failure(http, HTTPRequest("GET", server.url("/cut?at=\(place)")))
    #expect(error?.code == .cut)
    #expect(error?.mayHaveArrived == true)
    #expect(error?.cause.isEmpty == false)
  }

  @Test func noticesACutBetweenChunksAndBabble() async throws {
    let (server, http) = try await started()
    #expect(await failure(http, HTTPRequest("GET", server.url("/cut-chunked")))?.code == .cut)
    #expect(await failure(http, HTTPRequest("GET", server.url("/babble")))?.code == .invalid)
  }

  @Test func saysWhenNobodyIsThere() async throws {
    let (server, http) = try await started()
    // Port 1 of the loopback address: reserved, and nobody's.
    let connect = await failure(http, HTTPRequest("POST", "http://127.0.0.1:1/"))
    #expect(connect?.code == .connect)
    #expect(connect?.mayHaveArrived == false)
    #expect(connect?.cause.contains("127.0.0.1 port 1") == true)
    let resolve = await failure(http, HTTPRequest("POST", "http://no-such-host.invalid/"))
    #expect(resolve?.code == .resolve)
    #expect(resolve?.mayHaveArrived == false)
    #expect(resolve?.cause.contains("no-such-host.invalid") == true)
    withExtendedLifetime(server) {}
  }

  /// A server may close a connection just when the next request comes. libcurl then sends that once more.
  @Test func doesNotSendTwiceWhatMayNotComeTwice() async throws {
    let (server, http) = try await started()
    // What libcurl does, for what may come twice: the first try reaches the server, and so does the next, until a
    // connection is new.
    _ = try await http.send(HTTPRequest("GET", server.url("/echo")))
    _ = try await http.send(HTTPRequest("GET", server.url("/closing")))
    #expect(server.count("request GET /closing") >= 2)
    // A POST has a connection of its own,
    _ = try await http.send(HTTPRequest("GET", server.url("/echo")))
    let accepted = server.count("accept")
    #expect(try await text(http, HTTPRequest("POST", server.url("/closing"))) == "first on its connection")
    #expect(server.count("request POST /closing") == 1)
    #expect(server.count("accept") == accepted + 1)
    // and where that is closed without a word, one error.
    for method in ["POST", "PATCH"] {
      let error = await failure(http, HTTPRequest(method, server.url("/silent"), body: [1, 2, 3]))
      #expect(error?.code == .cut)
      #expect(error?.mayHaveArrived == true)
      #expect(server.count("request \(method) /silent") == 1)
    }
    // One that says that it may come twice is as a GET.
    _ = try await http.send(HTTPRequest("GET", server.url("/echo")))
    _ = try await http.send(HTTPRequest("POST", server.url("/closing?again"), repeats: true))
    #expect(server.count("request POST /closing?again") >= 2)
  }

  @Test(arguments: ["/slow", "/slow-body"]) func leavesAtOnceWhenCancelled(_ path: String) async throws {
    let (server, http) = try await started()
    let task = Task { try await http.send(HTTPRequest("GET", server.url(path), limit: .seconds(600))) }
    try await eventually { server.count(path == "/slow" ? "request GET /slow" : "half /slow-body") == 1 }
    task.cancel()
    let error = await #expect(throws: HTTPError.self) { _ = try await task.value }
    #expect(error?.code == .interrupted)
    // The connection is ended, and not left to the server's patience.
    try await eventually { server.count("left \(path)") == 1 }
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await http.send(HTTPRequest("POST", server.url("/echo")))
    }
    let never = await #expect(throws: HTTPError.self) { _ = try await early.value }
    #expect(never?.code == .interrupted)
  }

  @Test func closingInterrupts() async throws {
    let (server, http) = try await started()
    let task = Task { try await http.send(HTTPRequest("GET", server.url("/slow"), limit: .seconds(600))) }
    try await eventually { server.count("request GET /slow") == 1 }
    await http.close()
    let error = await #expect(throws: HTTPError.self) { _ = try await task.value }
    #expect(error?.code == .interrupted)
    try await eventually { server.count("left /slow") == 1 }
  }

  @Test func disconnectsWhenNobodyHoldsIt() async throws {
    let server = try await TestHTTPServer.start()
    var http: CurlHTTP? = CurlHTTP()
    _ = try await http?.send(HTTPRequest("GET", server.url("/echo")))
    http = nil
    try await eventually { server.count("gone") == 1 }
  }
}

/// A server, and a client for it.
func started(
  hasTLS: Bool = false, wantsCertificate: Bool = false, _ change: (inout HTTPSettings) -> Void = { _ in }
) async throws -> (TestHTTPServer, CurlHTTP) {
  var settings = HTTPSettings()
  change(&settings)
  return (try await TestHTTPServer.start(hasTLS: hasTLS, wantsCertificate: wantsCertificate), CurlHTTP(settings))
}

func text(_ http: any HTTP, _ request: HTTPRequest) async throws(HTTPError) -> String {
  String(decoding: try await http.send(request).body, as: UTF8.self)
}

/// nil where there was an answer.
func failure(_ http: any HTTP, _ request: HTTPRequest) async -> HTTPError? {
  do throws(HTTPError) {
    _ = try await http.send(request)
    return nil
  } catch {
    return error
  }
}

package import Targets
import Testing

/// What every `HTTP` must do: run on the fake and on the real one. `base` is an address below which `/echo`,
/// `/status/N`, `/headers`, `/slow` and `/silent` are answered as Tests/Fixtures/http-server does.
package struct HTTPContract: Sendable {
  let http: any HTTP
  let base: String
  /// How many requests for an address have arrived.
  let arrivals: @Sendable (_ method: String, _ path: String) -> Int

  package init(_ http: any HTTP, base: String, arrivals: @escaping @Sendable (String, String) -> Int) {
    self.http = http
    self.base = base
    self.arrivals = arrivals
  }

  /// The fake, told to answer as the server does.
  package static func scripted() -> HTTPContract {
    let http = ScriptedHTTP()
    let base = "http://server.invalid"
    http.on("GET", "\(base)/status/404*", .status(404), forever: true)
    http.on("GET", "\(base)/status/302*", .status(302, headers: [HTTPHeader("Location", "/echo")]), forever: true)
    http.on("GET", "\(base)/status/503*", .status(503), forever: true)
    http.on(
      "GET", "\(base)/headers",
      .status(200, headers: [HTTPHeader("X-One", "first"), HTTPHeader("x-one", "second"), HTTPHeader("X-Empty", "")]))
    http.on("GET", "\(base)/slow", .hangs)
    http.on(
      "POST", "\(base)/silent", .error(HTTPError(.cut, cause: "empty reply from server", mayHaveArrived: true)))
    http.on("GET", "\(base)/echo*", .made { HTTPResponse(200, body: Array($0.url.utf8)) }, forever: true)
    return HTTPContract(http, base: base) { method, path in http.log.count { $0 == "\(method) \(base)\(path)" } }
  }

  /// An answer is an answer, whatever its status; nothing is followed or repeated.
  package func givesEveryAnswer() async throws {
    for (status, query) in [(404, ""), (503, ""), (302, "?Location=/echo")] {
      let response = try await http.send(HTTPRequest("GET", "\(base)/status/\(status)\(query)"))
      #expect(response.status == status)
      #expect(arrivals("GET", "/status/\(status)\(query)") == 1)
    }
    #expect(arrivals("GET", "/echo") == 0)
  }

  package func findsHeaders() async throws {
    let response = try await http.send(HTTPRequest("GET", "\(base)/headers"))
    #expect(response["X-ONE"] == "second")
    #expect(response["x-empty"]?.isEmpty == true)
    #expect(response["x-none"] == nil)
    #expect(response.headers.filter { $0.isNamed("x-one") }.map(\.value) == ["first", "second"])
  }

  package func saysWhatMayHaveArrived() async throws {
    let lost = await #expect(throws: HTTPError.self) { _ = try await http.send(HTTPRequest("POST", "\(base)/silent")) }
    #expect(lost?.code == .cut)
    #expect(lost?.mayHaveArrived == true)
    #expect(arrivals("POST", "/silent") == 1)
    for request in [
      HTTPRequest("GET", "ftp://server.invalid/"), HTTPRequest("GET", "server.invalid"), HTTPRequest("GET ", base),
      HTTPRequest("GET", base, headers: [HTTPHeader("A", "b\r\nC: d")]),
      HTTPRequest("GET", base, headers: [HTTPHeader("A:", "b")]), HTTPRequest("GET", "\(base)/a b"),
    ] {
      let error = await #expect(throws: HTTPError.self) { _ = try await http.send(request) }
      #expect(error?.code == .invalid)
      #expect(error?.mayHaveArrived == false)
    }
  }

  package func isInterrupted() async throws {
    let task = Task { try await http.send(HTTPRequest("GET", "\(base)/slow", limit: .seconds(600))) }
    for _ in 0..<6000 where arrivals("GET", "/slow") == 0 { try await Task.sleep(for: .milliseconds(10)) }
    task.cancel()
    let error = await #expect(throws: HTTPError.self) { _ = try await task.value }
    #expect(error?.code == .interrupted)
    #expect(error?.mayHaveArrived == true)
  }

  package func answersManyAtOnce() async throws {
    let count = 200
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<count {
        group.addTask {
          let path = "/echo?number=\(number)"
          let response = try await http.send(HTTPRequest("GET", "\(base)\(path)"))
          #expect(String(decoding: response.body, as: UTF8.self).contains(path))
          return response.status
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses == Array(repeating: 200, count: count))
  }
}

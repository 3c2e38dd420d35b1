import Support
import Targets
import Testing

@Suite(.timeLimit(.minutes(5)))
struct HTTPContractTests {
  typealias Check = @Sendable (HTTPContract) async throws -> Void

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var run: Check

    static let all = [
      Case(testDescription: "gives every answer") { try await $0.givesEveryAnswer() },
      Case(testDescription: "finds headers") { try await $0.findsHeaders() },
      Case(testDescription: "says what may have arrived") { try await $0.saysWhatMayHaveArrived() },
      Case(testDescription: "is interrupted") { try await $0.isInterrupted() },
      Case(testDescription: "answers many at once") { try await $0.answersManyAtOnce() },
    ]
  }

  @Test(arguments: Case.all) func fake(_ check: Case) async throws {
    try await check.run(.scripted())
  }

  @Test(arguments: Case.all) func curl(_ check: Case) async throws {
    let server = try await TestHTTPServer.start()
    let http = CurlHTTP()
    try await check.run(
      HTTPContract(http, base: server.url("")) { method, path in server.count("request \(method) \(path)") })
    await http.close()
  }
}

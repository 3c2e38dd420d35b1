import Support
import Synchronization
import Testing

@testable import Targets

@Suite struct RetryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var isIdempotent = true
    var attempt = 1
    var result: RetryPolicy.Result
    var spent = Duration.zero
    var jitter = 0.0
    var decision: RetryPolicy.Decision
  }

  static func error(_ code: HTTPError.Code, _ mayHaveArrived: Bool) -> RetryPolicy.Result {
    .noAnswer(HTTPError(code, cause: "", mayHaveArrived: mayHaveArrived))
  }

  static let soon = RetryPolicy.Decision.again(after: .milliseconds(250))

  static let cases: [Case] =
    [429, 500, 502, 503, 504].map {
      Case(testDescription: "GET, \($0)", result: .answer(status: $0, retryAfter: nil), decision: soon)
    }
    + [200, 202, 302, 400, 401, 403, 404, 409, 413, 501].map {
      Case(testDescription: "GET, \($0)", result: .answer(status: $0, retryAfter: nil), decision: .giveUp)
    }
    + [500, 502, 503, 504].map {
      Case(
        testDescription: "POST, \($0)", isIdempotent: false, result: .answer(status: $0, retryAfter: "1"),
        decision: .giveUp)
    }
    + [HTTPError.Code.resolve, .connect, .timeout, .cut, .other].flatMap { code in
      [
        Case(testDescription: "GET, \(code)", result: error(code, true), decision: soon),
        Case(
          testDescription: "POST, \(code), may have arrived", isIdempotent: false, result: error(code, true),
          decision: .giveUp),
        Case(
          testDescription: "POST, \(code), can't have arrived", isIdempotent: false, result: error(code, false),
          decision: soon),
      ]
    }
    + [HTTPError.Code.tls, .tooLarge, .invalid, .interrupted].map {
      Case(testDescription: "GET, \($0)", result: error($0, false), decision: .giveUp)
    }
    + [
      Case(
        testDescription: "POST, 429", isIdempotent: false, result: .answer(status: 429, retryAfter: nil), decision: soon
      ),
      Case(
        testDescription: "POST, 413 of a limiter", isIdempotent: false,
        result: .answer(status: 413, retryAfter: "3"), decision: .again(after: .seconds(3))),
      Case(
        testDescription: "seconds", result: .answer(status: 503, retryAfter: "7"),
        decision: .again(after: .seconds(7))),
      Case(
        testDescription: "seconds and chance", result: .answer(status: 503, retryAfter: "7"), jitter: 0.5,
        decision: .again(after: .milliseconds(7250))),
      Case(
        testDescription: "a date", result: .answer(status: 503, retryAfter: "Sun, 06 Nov 1994 08:49:37 GMT"),
        decision: .again(after: .seconds(17))),
      Case(
        testDescription: "a date gone by", result: .answer(status: 503, retryAfter: "Sun, 06 Nov 1994 08:49:00 GMT"),
        decision: soon),
      Case(
        testDescription: "nonsense", result: .answer(status: 503, retryAfter: "soon"), decision: soon),
      Case(
        testDescription: "too long", result: .answer(status: 503, retryAfter: "181"), decision: .giveUp),
      Case(
        testDescription: "endless", result: .answer(status: 503, retryAfter: "18446744073709551615"),
        decision: .giveUp),
      Case(
        testDescription: "second time, by chance", attempt: 2, result: .answer(status: 503, retryAfter: nil),
        jitter: 0.5, decision: .again(after: .milliseconds(750))),
      Case(
        testDescription: "fourth time", attempt: 4, result: .answer(status: 503, retryAfter: nil),
        decision: .again(after: .seconds(2))),
      Case(
        testDescription: "enough", attempt: 5, result: .answer(status: 503, retryAfter: nil), decision: .giveUp),
      Case(
        testDescription: "late", result: .answer(status: 503, retryAfter: nil), spent: .seconds(179),
        decision: soon),
      Case(
        testDescription: "too late", result: .answer(status: 503, retryAfter: nil), spent: .seconds(180),
        decision: .giveUp),
    ]

  @Test(arguments: cases) func decides(_ check: Case) {
    // 20 seconds before RFC 9110's date.
    let decision = RetryPolicy().decision(
      isIdempotent: check.isIdempotent, attempt: check.attempt, result: check.result, spent: check.spent,
      now: 784_111_760, jitter: check.jitter)
    #expect(decision == check.decision)
  }

  @Test func pausesGrowToTheLongest() {
    var policy = RetryPolicy()
    policy.attempts = 100
    let pauses = (1..<100).map { attempt in
      policy.decision(
        isIdempotent: true, attempt: attempt, result: Self.error(.cut, true), spent: .zero, now: 0, jitter: 0)
    }
    #expect(pauses.last == .again(after: .seconds(15)))
    #expect(!pauses.contains(.giveUp))
  }

  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199), ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_600),
      ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil), ("", nil),
      ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 00 Nov 1994 08:49:37 GMT", nil),
    ] as [(String, Double?)])
  func readsDates(_ text: String, _ seconds: Double?) {
    #expect(HTTPDate.seconds(text) == seconds)
  }

  @Test func methodsThatMayComeTwice() {
    let idempotent = ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"].filter { HTTPRequest($0, "").isIdempotent }
    #expect(idempotent == ["GET", "HEAD", "PUT", "DELETE"])
    #expect(HTTPRequest("POST", "", repeats: true).isIdempotent)
    #expect(!HTTPRequest("PUT", "", repeats: false).isIdempotent)
  }

  @Test func repeatsAndTells() async throws {
    let scripted = ScriptedHTTP()
    scripted.on(
      "GET", "https://c.invalid/servers*",
      .error(HTTPError(.connect, cause: "connection refused", mayHaveArrived: false)),
      .status(503, headers: [HTTPHeader("Retry-After", "2")]), .json("{}"))
    let notes = Notes()
    let http = retrying(scripted, notes)
    #expect(try await http.send(HTTPRequest("GET", "https://c.invalid/servers?token=a")).status == 200)
    #expect(scripted.log.count == 3)
    #expect(
      notes.all == [
        "GET https://c.invalid/servers?token=•••• got no answer (connection refused), again in 0.3 s",
        "GET https://c.invalid/servers?token=•••• answered 503, again in 2.0 s",
      ])
  }

  @Test func givesTheLastAnswerInTheEnd() async throws {
    let scripted = ScriptedHTTP()
    scripted.on("GET", "http://c.invalid/", .status(500), forever: true)
    scripted.on("POST", "http://c.invalid/", .status(503), .status(202))
    let notes = Notes()
    let http = retrying(scripted, notes)
    #expect(try await http.send(HTTPRequest("GET", "http://c.invalid/")).status == 500)
    #expect(scripted.log.count == 5)
    #expect(notes.all.count == 4)
    #expect(try await http.send(HTTPRequest("POST", "http://c.invalid/")).status == 503)
    #expect(scripted.unused == 1)
  }

  @Test func isInterruptedInAPause() async throws {
    let scripted = ScriptedHTTP()
    scripted.on("GET", "http://c.invalid/", .status(503, headers: [HTTPHeader("Retry-After", "100")]))
    let notes = Notes()
    let http = RetryingHTTP(scripted, clock: ContinuousClock(), now: { 0 }, jitter: { 0 }) { notes.add($0) }
    let task = Task { try await http.send(HTTPRequest("GET", "http://c.invalid/")) }
    try await eventually { notes.all.count == 1 }
    task.cancel()
    let error = await #expect(throws: HTTPError.self) { _ = try await task.value }
    #expect(error?.code == .interrupted)
  }

  private func retrying(_ http: any HTTP, _ notes: Notes) -> RetryingHTTP {
    RetryingHTTP(http, clock: JumpingClock(), now: { 0 }, jitter: { 0 }) { notes.add($0) }
  }
}

/// Lines that were told.
final class Notes: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}

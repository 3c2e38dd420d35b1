import Synchronization
import Testing

@testable import Targets

/// Answers requests by a function, and keeps them. Can hold all answers back until it is told to go on.
final class FakeServices: HTTP {
  typealias Answer = @Sendable (_ request: HTTPRequest, _ number: Int) -> Result<HTTPResponse, HTTPError>

  private struct State {
    var requests: [HTTPRequest] = []
    var isHeld = false
    var time = 0.0
  }

  private let state = Mutex(State())
  private let answer: Answer

  init(_ answer: @escaping Answer) {
    self.answer = answer
  }

  var requests: [HTTPRequest] { state.withLock { $0.requests } }
  /// Requests for tokens.
  var logins: Int { requests.count { $0.url.hasSuffix("/auth/tokens") } }

  /// The clock of this machine, as far as the test goes.
  var time: Double {
    get { state.withLock { $0.time } }
    set { state.withLock { $0.time = newValue } }
  }

  var now: @Sendable () -> Double { { [self] in time } }

  func hold() { state.withLock { $0.isHeld = true } }
  func goOn() { state.withLock { $0.isHeld = false } }

  func waitForRequests(_ count: Int) async throws {
    for _ in 0..<12_000 where requests.count < count { try await Task.sleep(for: .milliseconds(10)) }
    try #require(requests.count >= count)
  }

  func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let number = state.withLock { state in
      state.requests.append(request)
      return state.requests.count
    }
    for _ in 0..<12_000 where state.withLock({ $0.isHeld }) { try? await Task.sleep(for: .milliseconds(10)) }
    return try answer(request, number).get()
  }

  /// What keystone answers: the token is called `token-N`, and made when this cloud's clock says `issued`.
  static func token(
    _ number: Int, lifetime: Double = 3600, issued: Double = 1_000_000, project: Bool = true
  ) -> HTTPResponse {
    let project: JSON = project ? ["id": "p1", "name": "demo"] : .null
    let body: JSON = [
      "token": [
        "issued_at": .string(text(issued)), "expires_at": .string(text(issued + lifetime)), "project": project,
        "user": ["id": "u1", "name": "demo"], "roles": [["id": "r1", "name": "member"]],
        "catalog": [
          ["type": "compute", "endpoints": [endpoint("http://nova.test/v2.1")]],
          ["type": "image", "endpoints": [endpoint("http://glance.test")]],
          ["type": "network", "endpoints": [endpoint("http://neutron.test")]],
        ],
      ]
    ]
    return HTTPResponse(201, headers: [HTTPHeader("X-Subject-Token", "token-\(number)")], body: body.bytes)
  }

  private static func endpoint(_ url: String) -> JSON {
    ["interface": "public", "region_id": "RegionOne", "region": "RegionOne", "url": .string(url)]
  }

  /// A time in the first days of 1970.
  private static func text(_ seconds: Double) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let whole = Int(seconds)
    return "1970-01-\(two(1 + whole / 86_400))T\(two(whole / 3600 % 24)):\(two(whole / 60 % 60)):\(two(whole % 60))Z"
  }
}

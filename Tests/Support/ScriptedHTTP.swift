import Synchronization
package import Targets

/// Gives canned answers: by method and address, in the order in which they were told; and keeps the requests.
package final class ScriptedHTTP: HTTP {
  package enum Answer: Sendable {
    case response(HTTPResponse)
    case error(HTTPError)
    /// Never, until the task is cancelled.
    case hangs
    /// Made of the request.
    case made(@Sendable (HTTPRequest) -> HTTPResponse)

    /// A status with a text of JSON.
    package static func json(_ text: String, status: Int = 200, headers: [HTTPHeader] = []) -> Answer {
      .response(
        HTTPResponse(
          status, headers: [HTTPHeader("Content-Type", "application/json")] + headers, body: Array(text.utf8)))
    }

    package static func status(_ status: Int, headers: [HTTPHeader] = []) -> Answer {
      .response(HTTPResponse(status, headers: headers))
    }
  }

  private struct Rule {
    var method: String
    var pattern: String
    var answers: [Answer]
    var isEndless: Bool
  }

  private struct State {
    var rules: [Rule] = []
    var requests: [HTTPRequest] = []
  }
  private let state = Mutex(State())

  package init() {}

  /// Requests of the method whose address fits get these answers, one after the other; `*` stands for any text.
  /// Of several rules that fit, the first that has answers left counts. `forever`: the last answer stays.
  package func on(_ method: String, _ pattern: String, _ answers: Answer..., forever: Bool = false) {
    state.withLock {
      $0.rules.append(Rule(method: method, pattern: pattern, answers: answers, isEndless: forever))
    }
  }

  /// In the order in which they came.
  package var requests: [HTTPRequest] { state.withLock { $0.requests } }

  /// `GET http://…` for each request.
  package var log: [String] { requests.map { "\($0.method) \($0.url)" } }

  /// How many answers were told of and not asked for, but for those that stay.
  package var unused: Int {
    state.withLock { $0.rules.filter { !$0.isEndless }.reduce(0) { $0 + $1.answers.count } }
  }

  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    if let problem = request.problem { throw HTTPError(.invalid, cause: problem, mayHaveArrived: false) }
    switch takeAnswer(to: request) {
    case .response(let response): return response
    case .made(let make): return make(request)
    case .error(let error): throw error
    case .hangs:
      // Longer than any test. Ends with the task.
      try? await Task.sleep(for: .seconds(86_400))
      throw HTTPError(.interrupted, cause: "interrupted", mayHaveArrived: true)
    case nil:
      throw HTTPError(.other, cause: "no answer was told for \(request.method) \(request.url)", mayHaveArrived: false)
    }
  }

  private func takeAnswer(to request: HTTPRequest) -> Answer? {
    state.withLock { state in
      state.requests.append(request)
      let fitting = state.rules.indices.first { index in
        let rule = state.rules[index]
        return !rule.answers.isEmpty && rule.method == request.method && Self.fits(request.url[...], rule.pattern[...])
      }
      guard let index = fitting else { return nil }
      if state.rules[index].isEndless && state.rules[index].answers.count == 1 { return state.rules[index].answers[0] }
      return state.rules[index].answers.removeFirst()
    }
  }

  private static func fits(_ text: Substring, _ pattern: Substring) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard let first = parts.first, text.hasPrefix(first) else { return false }
    guard parts.count > 1, let last = parts.last else { return text == pattern }
    var rest = text.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(last)
  }
}

import Support
import Synchronization
import Testing

@testable import Targets

/// What becomes of a request that makes something, when its answer is lost.
@Suite(.timeLimit(.minutes(5))) struct OnceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What each request to make it ends with; nil: it is made, and the answer arrives.
    var answers: [CloudError?]
    /// At which look, from 1, what the lost requests made can be seen; nil: they made nothing.
    var seenAt: Int?
    /// In order.
    var log: [String]
    var error: CloudError?
  }

  static let lost = CloudError(.unavailable, operation: "create port", cause: "cut", isUncertain: true)
  static let refused = CloudError(.forbidden, operation: "create port", cause: "no")
  static let conflict = CloudError(.conflict, operation: "create port", cause: "in use")
  static let looks = ["look", "look", "look", "look"]

  static let cases = [
    Case(testDescription: "it goes well", answers: [nil], log: ["look", "make"]),
    Case(testDescription: "it is there", answers: [], seenAt: 1, log: ["look"]),
    Case(testDescription: "refused", answers: [refused], log: ["look", "make"], error: refused),
    Case(testDescription: "lost on its way back", answers: [lost], seenAt: 2, log: ["look", "make", "look"]),
    Case(
      testDescription: "seen late", answers: [lost], seenAt: 5, log: ["look", "make"] + looks),
    Case(testDescription: "lost on its way there", answers: [lost, nil], log: ["look", "make"] + looks + ["make"]),
    Case(
      testDescription: "it was there before us", answers: [conflict], seenAt: 2, log: ["look", "make", "look"]),
    Case(
      testDescription: "something else is in the way", answers: [conflict], log: ["look", "make"] + looks,
      error: conflict),
    Case(
      testDescription: "lost again and again", answers: [lost, lost, lost, lost],
      log: ["look", "make"] + looks + ["make"] + looks + ["make"] + looks + ["make"], error: lost),
  ]

  private final class World: Sendable {
    struct State {
      var answers: [CloudError?]
      var log: [String] = []
    }
    let state: Mutex<State>
    let seenAt: Int?

    init(_ test: Case) {
      state = Mutex(State(answers: test.answers))
      seenAt = test.seenAt
    }

    func find() -> String? {
      state.withLock { state in
        state.log.append("look")
        return seenAt.map { state.log.count { $0 == "look" } >= $0 } == true ? "found" : nil
      }
    }

    func make() throws(CloudError) -> String {
      let error = state.withLock { (state) -> CloudError? in
        state.log.append("make")
        return state.answers.isEmpty ? OnceTests.refused : state.answers.removeFirst()
      }
      if let error { throw error }
      return "made"
    }
  }

  @Test(arguments: cases) func neverMakesTwo(_ test: Case) async throws {
    let http = FakeServices { _, number in .success(FakeServices.token(number)) }
    let client = ServiceClient(
      .sample(), http: http, tokens: TokenSource(.sample(), http: http, now: http.now))
    let clock = JumpingClock()
    let start = clock.now
    let world = World(test)
    var failure: CloudError?
    do throws(CloudError) {
      _ = try await OpenStackAPI(client, clock: clock).once(
        find: { () async throws(CloudError) in world.find() },
        make: { () async throws(CloudError) in try world.make() })
    } catch {
      failure = error
    }
    #expect(failure == test.error)
    #expect(world.state.withLock { $0.log } == test.log)
    // A request may be on its way for some seconds: no sooner is the same one sent again.
    let repeats = max(0, test.log.count { $0 == "make" } - 1)
    #expect(start.duration(to: clock.now) >= Duration.seconds(20.5) * Double(repeats))
  }
}

import Testing

/// The real program on a real OpenStack. Those that are tagged `alone` change what all of them use.
@Suite(
  .enabled(if: RealCloud.current != nil, "STACKMAKE_TEST_CLOUD names no cloud"), .inTurn, .timeLimit(.minutes(40)))
enum OpenStackTests {}

extension Tag {
  /// Stops services, or takes what another test counts on.
  @Tag static var alone: Self
}

/// A few tests use the cloud at once, or one that is `alone`.
struct InTurn: SuiteTrait, TestTrait, TestScoping {
  let isRecursive = true

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let isAlone = test.tags.contains(.alone)
    await TestTurns.shared.begin(isAlone)
    let result: Result<Void, any Error>
    do { result = .success(try await function()) } catch { result = .failure(error) }
    await TestTurns.shared.end(isAlone)
    try result.get()
  }
}

extension Trait where Self == InTurn {
  static var inTurn: InTurn { InTurn() }
}

/// Whose turn it is. Most of a test's time is waiting for one machine.
private actor TestTurns {
  static let shared = TestTurns()
  private static let width = 4

  private var running = 0
  private var isTaken = false
  private var waiting: [(isAlone: Bool, go: CheckedContinuation<Void, Never>)] = []

  func begin(_ isAlone: Bool) async {
    guard !take(isAlone) else { return }
    await withCheckedContinuation { waiting.append((isAlone, $0)) }
  }

  func end(_ isAlone: Bool) {
    if isAlone { isTaken = false } else { running -= 1 }
    // Those that go together come first: an `alone` one between them would make them wait for each other.
    for kind in [false, true] {
      while let next = waiting.firstIndex(where: { $0.isAlone == kind }), take(kind) {
        waiting.remove(at: next).go.resume()
      }
    }
  }

  private func take(_ isAlone: Bool) -> Bool {
    if isAlone {
      guard !isTaken, running == 0 else { return false }
      isTaken = true
    } else {
      guard !isTaken, running < Self.width else { return false }
      running += 1
    }
    return true
  }
}

import Support
import Synchronization
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct WatchTests {
  private final class Source: Sendable {
    let calls = Mutex(0)
    let value = Mutex(0)
    let error = Mutex<CloudError?>(nil)

    func read() throws(CloudError) -> Int {
      calls.withLock { $0 += 1 }
      if let error = error.withLock({ $0 }) { throw error }
      return value.withLock { $0 }
    }
  }

  private static func watch(_ source: Source) -> Watch<Int> {
    Watch(clock: JumpingClock()) { () async throws(CloudError) in try source.read() }
  }

  @Test func manyWhoAskAtOnceCostFewCalls() async throws {
    let source = Source()
    let watch = Self.watch(source)
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<100 { group.addTask { try await watch.now() } }
      for try await value in group { #expect(value == 0) }
    }
    #expect(source.calls.withLock { $0 } < 100)
  }

  @Test func anAnswerIsNeverOlderThanItsQuestion() async throws {
    let source = Source()
    let watch = Self.watch(source)
    for i in 0..<200 {
      source.value.withLock { $0 = i }
      #expect(try await (i % 2 == 0 ? watch.now() : watch.next()) == i)
    }
  }

  @Test func aFailureReachesAllWhoWait() async throws {
    let source = Source()
    source.error.withLock { $0 = CloudError(.unavailable, operation: "x", cause: "y") }
    let watch = Self.watch(source)
    await #expect(throws: CloudError.self) { try await watch.now() }
    await #expect(throws: CloudError.self) { try await watch.next() }
    source.error.withLock { $0 = nil }
    #expect(try await watch.next() == 0)
  }

  @Test func whoIsCancelledWaitsNoLonger() async throws {
    let watch = Watch<Int>(clock: ContinuousClock()) { () async throws(CloudError) in 1 }
    let task = Task { () async -> CloudError.Code? in
      do throws(CloudError) {
        while true { _ = try await watch.next() }
      } catch {
        return error.code
      }
    }
    task.cancel()
    #expect(await task.value == .interrupted)
  }

  @Test func pausesGrowUntilSomethingChanges() {
    var pace = WatchPace<Int>()
    pace.saw(1)
    #expect(pace.pause == .milliseconds(250))
    for _ in 0..<30 { pace.saw(1) }
    #expect(pace.pause == .seconds(5))
    pace.saw(2)
    #expect(pace.pause == .milliseconds(2500))
    pace.saw(2)
    #expect(pace.pause == .milliseconds(3500))
  }
}

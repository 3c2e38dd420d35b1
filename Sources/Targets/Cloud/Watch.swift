import Synchronization

/// Reads something of the cloud for all who ask or wait, with one call for all of them.
///
/// Who asks `now` gets what a call found that was begun after the question; who asks for `next` what is found at the next tick.
/// Ticks come with growing pauses, and faster again where something changed: however many wait, a tick is one call.
package actor Watch<Value: Sendable & Hashable> {
  private let read: @Sendable () async throws(CloudError) -> Value
  private let clock: any Clock<Duration>
  private var waiters: [Int: Waiter] = [:]
  private var number = 0
  private var isRunning = false
  private var pace = WatchPace<Value>()
  private var sleeper: Task<Void, Never>?

  private struct Waiter {
    var isUrgent: Bool
    var continuation: CheckedContinuation<Result<Value, CloudError>, Never>
  }

  package init(clock: any Clock<Duration>, read: @escaping @Sendable () async throws(CloudError) -> Value) {
    self.clock = clock
    self.read = read
  }

  package func now() async throws(CloudError) -> Value { try await wait(isUrgent: true) }

  package func next() async throws(CloudError) -> Value { try await wait(isUrgent: false) }

  private func wait(isUrgent: Bool) async throws(CloudError) -> Value {
    number += 1
    let number = number
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiters[number] = Waiter(isUrgent: isUrgent, continuation: continuation)
        if Task.isCancelled { cancel(number) }
        if isUrgent { sleeper?.cancel() }
        if !isRunning {
          isRunning = true
          Task { await run() }
        }
      }
    } onCancel: {
      Task { await cancel(number) }
    }
    return try result.get()
  }

  private func cancel(_ number: Int) {
    waiters.removeValue(forKey: number)?.continuation.resume(
      returning: .failure(CloudError(.interrupted, operation: "wait for the cloud", cause: "interrupted")))
  }

  private func run() async {
    while !waiters.isEmpty {
      if !waiters.values.contains(where: \.isUrgent) {
        let (clock, pause) = (clock, pace.pause)
        let sleeper = Task { _ = try? await clock.sleep(for: pause) }
        self.sleeper = sleeper
        await sleeper.value
        self.sleeper = nil
      }
      // Those who ask at the same moment are answered by one call.
      if waiters.values.contains(where: \.isUrgent) { _ = try? await clock.sleep(for: .milliseconds(10)) }
      // Who asks from here on is answered by the next list: this one may have been made before.
      let served = waiters
      waiters = [:]
      guard !served.isEmpty else { continue }
      let result: Result<Value, CloudError>
      do throws(CloudError) {
        let value = try await read()
        pace.saw(value)
        result = .success(value)
      } catch {
        result = .failure(error)
      }
      for waiter in served.values { waiter.continuation.resume(returning: result) }
    }
    isRunning = false
  }
}

/// A watch for each cluster that somebody asked for.
final class Watches<Value: Sendable & Hashable>: Sendable {
  private let clock: any Clock<Duration>
  private let known = Mutex<[String: Watch<Value>]>([:])

  init(clock: any Clock<Duration>) { self.clock = clock }

  /// `read` is kept from the first time on, and shouldn't hold who has these.
  func of(
    _ cluster: String, read: @escaping @Sendable () async throws(CloudError) -> Value
  ) -> Watch<Value> {
    known.withLock { known in
      if let watch = known[cluster] { return watch }
      let watch = Watch(clock: clock, read: read)
      known[cluster] = watch
      return watch
    }
  }
}

/// How long to pause between two calls. Pure.
struct WatchPace<Value: Hashable & Sendable>: Sendable, Hashable {
  static var first: Duration { .milliseconds(250) }
  static var longest: Duration { .seconds(5) }

  private(set) var pause = first
  private var last: Value?

  /// After a call that found this.
  mutating func saw(_ value: Value) {
    pause = value == last ? min(pause * 1.4, Self.longest) : max(pause / 2, Self.first)
    last = value
  }
}

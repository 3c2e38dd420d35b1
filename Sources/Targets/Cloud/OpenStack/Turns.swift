/// Lets one at a time do what has the same key: no two requests make the same thing.
actor Turns {
  private var busy: Set<String> = []
  private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

  func run<Success: Sendable>(
    _ key: String, _ body: @Sendable () async throws(CloudError) -> Success
  ) async throws(CloudError) -> Success {
    if !busy.insert(key).inserted {
      await withCheckedContinuation { waiting[key, default: []].append($0) }
    }
    defer { pass(key) }
    return try await body()
  }

  /// The turn goes to who has waited longest.
  private func pass(_ key: String) {
    guard var queue = waiting[key], !queue.isEmpty else {
      busy.remove(key)
      return
    }
    let next = queue.removeFirst()
    waiting[key] = queue
    next.resume()
  }
}

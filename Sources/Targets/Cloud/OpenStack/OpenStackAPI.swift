/// Requests to the services, with nova's version chosen once.
final class OpenStackAPI: Sendable {
  let client: ServiceClient
  let clock: any Clock<Duration>
  private let version: NovaVersion

  init(_ client: ServiceClient, clock: any Clock<Duration>) {
    self.client = client
    self.clock = clock
    version = NovaVersion(client)
  }

  func nova(
    _ operation: String, _ method: String, _ path: String, body: JSON? = nil, repeats: Bool? = nil
  ) async throws(CloudError) -> JSON {
    let response = try await client.send(
      operation, .compute, method, path, body: body, microversion: try await version.chosen(), repeats: repeats)
    return JSON(bytes: response.body) ?? .null
  }

  func novaList(
    _ operation: String, _ path: String, _ key: String, query: [QueryItem] = []
  ) async throws(CloudError) -> [JSON] {
    try await client.list(operation, .compute, path, key, query: query, microversion: try await version.chosen())
  }

  func neutron(
    _ operation: String, _ method: String, _ path: String, body: JSON? = nil, repeats: Bool? = nil
  ) async throws(CloudError) -> JSON {
    let response = try await client.send(operation, .network, method, path, body: body, repeats: repeats)
    return JSON(bytes: response.body) ?? .null
  }

  func neutronList(
    _ operation: String, _ path: String, _ key: String, query: [QueryItem] = []
  ) async throws(CloudError) -> [JSON] {
    try await client.list(operation, .network, path, key, query: query)
  }

  /// Makes something unless it is there. Where the answer was lost it is looked for again, with growing pauses, before it
  /// is made again: the request may still be on its way. What arrives even later is there twice, and `Tidier`'s to remove.
  func once<Found: Sendable>(
    isKnownMissing: Bool = false, find: @Sendable () async throws(CloudError) -> Found?,
    make: @Sendable () async throws(CloudError) -> Found
  ) async throws(CloudError) -> Found {
    if !isKnownMissing, let found = try await find() { return found }
    var attempt = 1
    while true {
      do throws(CloudError) {
        return try await make()
      } catch {
        // A conflict says that somebody was there before: most likely our own lost request.
        guard error.isUncertain || error.code == .conflict, attempt < Self.attempts else { throw error }
        for pause in Self.pauses {
          guard (try? await clock.sleep(for: pause)) != nil else {
            throw CloudError(.interrupted, operation: error.operation, cause: "interrupted")
          }
          if let found = try await find() { return found }
        }
        if error.code == .conflict { throw error }
      }
      attempt += 1
    }
  }

  private static let attempts = 4
  /// Together longer than a busy cloud takes: nova takes the port away from a server when a second one is asked for on it,
  /// and fails.
  private static let pauses: [Duration] = [.milliseconds(500), .seconds(2), .seconds(6), .seconds(12)]
}

/// The microversion that nova is spoken to with.
private actor NovaVersion {
  private let client: ServiceClient
  private var asked: Task<Result<APIVersion, CloudError>, Never>?

  init(_ client: ServiceClient) { self.client = client }

  func chosen() async throws(CloudError) -> APIVersion {
    if asked == nil {
      asked = Task { [client] in
        do throws(CloudError) {
          return .success(try await client.versions(.compute).choose(ServerRequest.versions, of: .compute))
        } catch {
          return .failure(error)
        }
      }
    }
    let mine = asked!
    let result = await mine.value
    // Another time it may work.
    if case .failure = result, asked == mine { asked = nil }
    return try result.get()
  }
}

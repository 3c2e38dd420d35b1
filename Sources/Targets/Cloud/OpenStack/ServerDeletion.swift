/// Deletes one server of ours, and none of anybody else's. Its ports stay.
struct ServerDeletion: Sendable {
  let cloud: OpenStackCloud
  let id: String

  /// Lists, at up to 5 s each, after which deletion is asked for again, and after which it is given up.
  private static let ticksUntilAgain = 15
  private static let tickLimit = 120

  private var operation: String { "delete server `\(id)`" }

  func run(wait: Bool) async throws(CloudError) {
    guard let server = try await cloud.server(id) else { return }
    guard let tag = server.tag else {
      throw CloudError(.failed, operation: operation, cause: "it isn't one that stackmake made")
    }
    try await ask()
    guard wait else { return }
    var ticks = 0
    while let left = try await cloud.nextServers(tag.cluster).first(where: { $0.id == id }) {
      ticks += 1
      if ticks % Self.ticksUntilAgain == 0 { try await ask() }
      guard ticks < Self.tickLimit else {
        throw CloudError(
          .failed, operation: operation,
          cause: "nova still lists it as \(left.status) (\(left.taskState ?? "no task"))",
          hint: "run it again; if it stays, ask who runs the cloud")
      }
    }
  }

  private func ask() async throws(CloudError) {
    do throws(CloudError) {
      _ = try await cloud.api.nova(operation, "DELETE", "/servers/\(id)")
    } catch {
      guard error.code == .notFound else { throw error }
    }
  }
}

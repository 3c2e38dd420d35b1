import Synchronization

/// Reads host keys off consoles, one console at a time, for all who wait for theirs.
///
/// Servers that were asked for at once boot at once. Where one shows no keys yet, the others won't either: nobody's
/// console is read for a while then. So what is read in vain doesn't grow with the number of servers.
package final class ConsoleReader: Sendable {
  private let cloud: any Cloud
  private let clock: any Clock<Duration>
  private let turns = Turns()
  private let pace = Mutex(ConsolePace())

  package init(_ cloud: any Cloud, clock: any Clock<Duration>) {
    self.cloud = cloud
    self.clock = clock
  }

  /// One look, in its turn; nil where the machine hasn't shown its keys yet. Who asks again comes after those who wait.
  ///
  /// - Parameter isOver: whether nobody wants it any more when its turn has come.
  package func hostKeys(
    _ id: String, unless isOver: @Sendable () -> Bool = { false }
  ) async throws(CloudError) -> [HostKey]? {
    try await turns.run("console") { () async throws(CloudError) in
      guard !isOver(), (try? await self.clock.sleep(for: self.pace.withLock { $0.pause })) != nil else {
        throw CloudError(.interrupted, operation: "read host keys", cause: "interrupted")
      }
      let keys = try await self.cloud.hostKeys(id).flatMap { $0.isEmpty ? nil : $0 }
      self.pace.withLock { $0.read(isShown: keys != nil) }
      return keys
    }
  }
}

/// How long to pause before the next console is read. Pure.
struct ConsolePace: Sendable, Hashable {
  static let shortest = Duration.seconds(1)
  static let longest = Duration.seconds(5)

  private(set) var pause = Duration.zero
  /// What a console without keys costs: learned from those before.
  private var wait = shortest

  mutating func read(isShown: Bool) {
    pause = isShown ? .zero : wait
    wait = isShown ? max(wait / 1.5, Self.shortest) : min(wait * 1.5, Self.longest)
  }
}

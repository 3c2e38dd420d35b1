package import SystemPackage

/// What a local cloud is told when it is made: everything that it would otherwise read from its surroundings.
package struct LocalSettings: Sendable {
  /// Where machines and their records are kept: absolute, on a file system that can be the upper layer of an overlay.
  package var root: FilePath
  /// Where base images are kept, shared by all roots that name it.
  package var imageCache: FilePath
  /// The machines' subnet, `10.63.0.0/24`; nil takes a free one. One that is in use on this host is refused.
  package var subnet: String?
  /// Where Debian packages come from; nil takes what the host's apt uses.
  package var mirror: String?
  /// For the programs that it runs. Proxies in it are handed on to the machines.
  package var environment: [String: String]
  /// The effective user: only root can make machines.
  package var userID: UInt32
  /// At most so many machines under this root.
  package var maximumMachines: Int
  /// The sum of the machines' memory limits is at most so many times the host's memory.
  package var memoryOvercommit: Int
  /// Seconds since 1970.
  package var now: @Sendable () -> Double
  package var clock: any Clock<Duration>
  /// Told, in a line each, of what takes long.
  package var progress: @Sendable (String) -> Void

  package init(
    root: FilePath = "/var/lib/stackmake", imageCache: FilePath? = nil, subnet: String? = nil, mirror: String? = nil,
    environment: [String: String], userID: UInt32, maximumMachines: Int = 64, memoryOvercommit: Int = 4,
    now: @escaping @Sendable () -> Double, clock: any Clock<Duration> = ContinuousClock(),
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.root = root
    self.imageCache = imageCache ?? root.appending("images")
    self.subnet = subnet
    self.mirror = mirror
    self.environment = environment
    self.userID = userID
    self.maximumMachines = maximumMachines
    self.memoryOvercommit = memoryOvercommit
    self.now = now
    self.clock = clock
    self.progress = progress
  }
}

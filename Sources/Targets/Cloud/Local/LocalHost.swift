import Glibc
import Synchronization
import SystemPackage

/// What is known of this host: read once, when it is first needed.
final class LocalHost: Sendable {
  let settings: LocalSettings
  let programs: HostPrograms
  private let known = Mutex<Known?>(nil)
  private let told = Mutex<Set<String>>([])

  struct Known: Sendable {
    var surroundings: HostSurroundings
    var mirrors: DebianMirrors
    /// MiB
    var memory: Int
  }

  init(_ settings: LocalSettings) {
    self.settings = settings
    programs = HostPrograms(environment: settings.environment)
  }

  /// Whether systemd is the host's first process.
  var hasSystemd: Bool { DiskFile.exists("/run/systemd/system") }

  /// Tells a line of progress, once: several machines may wait for the same image.
  func tell(_ line: String) {
    if told.withLock({ $0.insert(line).inserted }) { settings.progress(line) }
  }

  /// Throws with everything that is missing here.
  func ready() async throws(CloudError) -> Known {
    if let known = known.withLock({ $0 }) { return known }
    try await HostCheck.check(settings, programs)
    let apt = try await programs.run("apt-config", ["dump"])
    let settings = settings
    let known = try await offload { () throws(CloudError) in try Self.read(settings, aptConfig: apt.text) }
    self.known.withLock { $0 = known }
    return known
  }

  private static func read(_ settings: LocalSettings, aptConfig: String) throws(CloudError) -> Known {
    var surroundings = HostSurroundings()
    surroundings.aptConfig = aptConfig
    // Some of these are links on some hosts.
    surroundings.resolvConf = text("/etc/resolv.conf")
    surroundings.uplinkResolvConf = text("/run/systemd/resolve/resolv.conf")
    surroundings.hosts = text("/etc/hosts")
    surroundings.pipConf = text("/etc/pip.conf")
    let certificates: FilePath = "/usr/local/share/ca-certificates"
    for name in DiskFile.list(certificates) where name.hasSuffix(".crt") {
      surroundings.certificates[name] = text(certificates.appending(name))
    }
    for (name, value) in settings.environment
    where HostSurroundings.proxyNames.contains(name.lowercased()) && !value.isEmpty {
      surroundings.proxies[name] = value
    }
    let sources: FilePath = "/etc/apt/sources.list.d"
    let lists = DiskFile.list(sources).filter { $0.hasSuffix(".list") || $0.hasSuffix(".sources") }
    let texts = [text("/etc/apt/sources.list")] + lists.map { text(sources.appending($0)) }
    let kilobytes = text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
      .flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }.flatMap { Int($0) }
    return Known(
      surroundings: surroundings,
      mirrors: settings.mirror.map(DebianMirrors.init(mirror:)) ?? DebianMirrors(aptSources: texts),
      memory: (kilobytes ?? 0) / 1024)
  }

  /// The contents of one of the host's own files, links followed; "" where it can't be read.
  private static func text(_ path: FilePath) -> String {
    guard let real = realpath(path), let text = try? DiskFile.text(real) else { return "" }
    return text
  }

  private static func realpath(_ path: FilePath) -> FilePath? {
    guard let name = Glibc.realpath(path.string, nil) else { return nil }
    defer { free(name) }
    return FilePath(String(cString: name))
  }
}

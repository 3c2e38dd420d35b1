import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// The cloud that a Stackfile names.
struct CloudChoice {
  let session: Session
  /// Told of what takes long, and of each request.
  let note: @Sendable (String) -> Void
  let trace: @Sendable (String) -> Void

  /// Says what is wrong with the configuration, and ends with status 2, before anything is written.
  static func check(_ session: Session) throws {
    guard !session.graph.places.isEmpty, !["local", "static"].contains(session.graph.variables["cloud"]) else { return }
    _ = try CloudChoice(session: session, note: { _ in }, trace: { _ in }).openStack()
  }

  /// Asks nothing yet. Says what is wrong with the configuration, and ends with status 2.
  ///
  /// - Parameter store: where servers that exist already are kept.
  func open(_ store: any Store) throws -> any Cloud {
    switch session.graph.variables["cloud"] {
    case "local": local()
    case "static": servers(store)
    default: try openStack()
    }
  }

  /// Servers that exist already.
  private func servers(_ store: any Store) -> any Cloud {
    StaticCloud(
      places: session.graph.places, store: store, fileSystem: session.fileSystem, directory: session.directory,
      home: session.home)
  }

  private func local() -> any Cloud {
    let root = session.environment["STACKMAKE_LOCAL_ROOT"] ?? "/var/lib/stackmake"
    return LocalCloud(
      LocalSettings(
        root: FilePath(root), imageCache: session.environment["STACKMAKE_LOCAL_IMAGES"].map { FilePath($0) },
        mirror: session.graph.variables["mirror"], environment: session.environment, userID: geteuid(),
        now: Session.now, progress: note))
  }

  /// The configuration that the Stackfile, the environment and clouds.yaml give.
  func configuration() throws(CloudConfigError) -> CloudConfig {
    try CloudConfigReader(
      fileSystem: session.fileSystem, environment: session.environment, directory: session.directory,
      home: session.home
    ).read(session.graph.variables["cloud"])
  }

  private func openStack() throws -> any Cloud {
    let config: CloudConfig
    do throws(CloudConfigError) {
      config = try configuration()
    } catch {
      Console.error("stackmake: error: \(error)")
      if session.graph.variables["cloud"] == nil {
        Console.error("  or: `cloud = local` in the Stackfile makes the servers on this host")
      }
      throw ExitStatusError.wrongUse
    }
    return OpenStackCloud(client(config))
  }

  func client(_ config: CloudConfig) -> ServiceClient {
    var settings = HTTPSettings()
    settings.verifies = config.tls.verify
    settings.caFile = config.tls.caFile?.string
    settings.clientCertificate = config.tls.certificate?.string
    settings.clientKey = config.tls.key?.string
    settings.proxies = HTTPSettings.proxies(in: session.environment)
    settings.userAgent = "stackmake/\(Stackmake.version)"
    let clock = ContinuousClock()
    let traced = TracingHTTP(CurlHTTP(settings), clock: clock, trace: trace)
    let http = RetryingHTTP(traced, clock: clock, now: Session.now, notify: note)
    return ServiceClient(config, http: http, tokens: TokenSource(config, http: http, now: Session.now))
  }
}

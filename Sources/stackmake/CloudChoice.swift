import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// The cloud that a Stackfile or the environment names.
struct CloudChoice {
  /// The variables `cloud` and `mirror`.
  let name: String?
  let mirror: String?
  /// What says that name.
  var nameOrigin = ConfigOrigin.stackfile
  /// A key pair of the user's in OpenStack, which other clouds don't have: the variable `key_pair`.
  var keyPair: String? { isLocal || isStatic ? nil : keyPairVariable }
  var keyPairVariable: String?
  let environment: [String: String]
  /// That of the Stackfile, or the one where there would be one.
  let directory: FilePath
  let fileSystem: any FileSystem
  /// Told of what takes long, and of each request.
  let note: @Sendable (String) -> Void
  let trace: @Sendable (String) -> Void
  var requests = RequestCounter()

  var isLocal: Bool { name == "local" }
  /// Servers that exist already.
  var isStatic: Bool { name == "static" }

  /// Says what is wrong with the configuration, and ends with status 2, before anything is written.
  static func check(_ session: Session) throws {
    guard !session.graph.places.isEmpty else { return }
    let choice = CloudChoice(session, note: { _ in }, trace: { _ in })
    if !choice.isLocal, !choice.isStatic { _ = try choice.openStack() }
  }

  /// Asks nothing yet. Says what is wrong with the configuration, and ends with status 2.
  ///
  /// - Parameters:
  ///   - places: the servers of the layout.
  ///   - store: where those that exist already are kept.
  func open(_ places: [Place], _ store: any Store) throws -> any Cloud {
    if isLocal { return LocalCloud(localSettings) }
    guard isStatic else { return try openStack() }
    return StaticCloud(
      places: places, store: store, fileSystem: fileSystem, directory: directory,
      home: Session.home(in: environment))
  }

  var localSettings: LocalSettings {
    let root = environment["STACKMAKE_LOCAL_ROOT"] ?? "/var/lib/stackmake"
    return LocalSettings(
      root: FilePath(root), imageCache: environment["STACKMAKE_LOCAL_IMAGES"].map { FilePath($0) }, mirror: mirror,
      environment: environment, userID: geteuid(), now: Session.now, progress: note)
  }

  /// The configuration that the Stackfile, the environment and clouds.yaml give.
  func configuration() throws(CloudConfigError) -> CloudConfig {
    try CloudConfigReader(
      fileSystem: fileSystem, environment: environment, directory: directory,
      home: Session.home(in: environment)
    ).read(name, by: nameOrigin)
  }

  /// - Parameter repeats: sends a request again where another time may do; not for those who wait for an answer at once.
  func openStack(repeats: Bool = true) throws -> OpenStackCloud {
    let config: CloudConfig
    do throws(CloudConfigError) {
      config = try configuration()
    } catch {
      Console.error("stackmake: error: \(error)")
      if name == nil {
        Console.error("  or: `cloud = local` in the Stackfile makes the servers on this host")
      }
      throw ExitStatusError.wrongUse
    }
    let clock = ContinuousClock()
    let once = self.http(config)
    let http: any HTTP = repeats ? RetryingHTTP(once, clock: clock, now: Session.now, notify: note) : once
    return OpenStackCloud(
      ServiceClient(config, http: http, tokens: TokenSource(config, http: http, now: Session.now)), clock: clock)
  }

  /// As the configuration says how to connect. Repeats nothing.
  func http(_ config: CloudConfig) -> any HTTP {
    TracingHTTP(CurlHTTP(httpSettings(config)), clock: ContinuousClock(), count: requests.add, trace: trace)
  }

  func httpSettings(_ config: CloudConfig) -> HTTPSettings {
    var settings = HTTPSettings()
    settings.verifies = config.tls.verify
    settings.caFile = config.tls.caFile?.string
    settings.clientCertificate = config.tls.certificate?.string
    settings.clientKey = config.tls.key?.string
    settings.proxies = HTTPSettings.proxies(in: environment)
    settings.userAgent = "stackmake/\(Stackmake.version)"
    return settings
  }
}

extension CloudChoice {
  init(_ session: Session, note: @escaping @Sendable (String) -> Void, trace: @escaping @Sendable (String) -> Void) {
    let variables = session.graph.variables
    self.init(
      name: variables["cloud"], mirror: variables["mirror"], keyPairVariable: variables["key_pair"],
      environment: session.environment,
      directory: session.directory, fileSystem: session.files, note: note, trace: trace)
  }
}

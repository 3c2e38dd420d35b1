package import StackMake
package import SystemPackage

/// Finds the cloud that a Stackfile or the environment names, as openstacksdk does: what works with `openstack` works here.
package struct CloudConfigReader: Sendable {
  private let places: ConfigPlaces
  private let environment: [String: String]

  /// Relative paths, and the first clouds.yaml looked for, are in `directory`. Reads nothing yet.
  package init(
    fileSystem: any FileSystem, environment: [String: String], directory: FilePath, home: FilePath?
  ) {
    places = ConfigPlaces(fileSystem: fileSystem, environment: environment, directory: directory, home: home)
    self.environment = environment
  }

  /// The cloud called `name`, or where that is nil the one that OS_CLOUD names, the OS_* variables describe, or the only
  /// one that is written down.
  ///
  /// - Parameter origin: what says that name.
  package func read(_ name: String?, by origin: ConfigOrigin = .stackfile) throws(CloudConfigError) -> CloudConfig {
    let clouds = try CloudList(places, environment)
    let chosen = try clouds.choose(name, by: origin)
    let layers = CloudLayers(clouds: clouds, places: places, environment: environment, cloud: chosen.name)
    let settings = try CloudSettings(cloud: chosen.name, layers.merged())
    return try config(settings, chosen)
  }

  /// Names of all clouds that are written down, sorted.
  package func names() throws(CloudConfigError) -> [String] {
    try CloudList(places, environment).clouds.keys.sorted()
  }

  private func config(_ settings: CloudSettings, _ chosen: CloudList.Choice) throws(CloudConfigError) -> CloudConfig {
    var auth = AuthSettings(settings)
    let (url, login) = try auth.read()
    var options = OptionSettings(settings, places)
    var config = CloudConfig(name: chosen.name, authURL: url, auth: login)
    config.region = options.text("region_name")
    config.interfaces = try options.interfaces("interface") ?? ["public"]
    config.tls = try options.tls()
    config.timeout = try options.timeout()
    for service in ServiceType.allCases {
      config.endpointOverrides[service] = options.text(of: service, ["endpoint_override", "endpoint"])
      config.apiVersions[service] = options.version(of: service)
      config.serviceInterfaces[service] = try options.interfaces(of: service)
    }
    config.settings = [.init("cloud", chosen.name, chosen.origin)] + auth.used + options.used
    return config
  }
}

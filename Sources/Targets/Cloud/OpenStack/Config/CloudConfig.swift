package import SystemPackage

/// All that is known about the cloud before it is asked, and where each value was written.
package struct CloudConfig: Sendable, Hashable {
  /// Its name in clouds.yaml; `envvars` where the environment alone says which.
  package var name: String
  /// As it is written; `AuthRequest` appends what it lacks.
  package var authURL: String
  package var auth: CloudAuth
  /// nil takes what the catalog has.
  package var region: String?
  /// `public`, `internal` or `admin`; the first that the catalog has for a service is taken.
  package var interfaces: [String]
  /// In place of `interfaces`, where one service has its own.
  package var serviceInterfaces: [ServiceType: [String]]
  package var tls: TLS
  /// Seconds that one request may take.
  package var timeout: Double?
  /// Taken in place of what the catalog says.
  package var endpointOverrides: [ServiceType: String]
  package var apiVersions: [ServiceType: String]
  /// Every value that counts, in a fixed order, for whoever wants to know where it comes from.
  package var settings: [Setting]

  package struct TLS: Sendable, Hashable {
    package var verify: Bool
    /// Absolute, as are the other two.
    package var caFile: FilePath?
    package var certificate: FilePath?
    package var key: FilePath?

    package init(
      verify: Bool = true, caFile: FilePath? = nil, certificate: FilePath? = nil, key: FilePath? = nil
    ) {
      self.verify = verify
      self.caFile = caFile
      self.certificate = certificate
      self.key = key
    }
  }

  /// One value: `auth.username`, what it is (`(secret)` for one), and where it was written.
  package struct Setting: Sendable, Hashable {
    package var key: String
    package var shown: String
    package var origin: ConfigOrigin

    package init(_ key: String, _ shown: String, _ origin: ConfigOrigin) {
      self.key = key
      self.shown = shown
      self.origin = origin
    }
  }

  package init(
    name: String, authURL: String, auth: CloudAuth, region: String? = nil, interfaces: [String] = ["public"],
    serviceInterfaces: [ServiceType: [String]] = [:], tls: TLS = TLS(), timeout: Double? = nil,
    endpointOverrides: [ServiceType: String] = [:], apiVersions: [ServiceType: String] = [:],
    settings: [Setting] = []
  ) {
    self.name = name
    self.authURL = authURL
    self.auth = auth
    self.region = region
    self.interfaces = interfaces
    self.serviceInterfaces = serviceInterfaces
    self.tls = tls
    self.timeout = timeout
    self.endpointOverrides = endpointOverrides
    self.apiVersions = apiVersions
    self.settings = settings
  }

  /// Where the value of a key (`region_name`, `auth.username`) was written; nil where it has none.
  package func origin(of key: String) -> ConfigOrigin? {
    settings.first { $0.key == key }?.origin
  }
}

/// Where the cloud's services are.
package struct Catalog: Sendable, Hashable {
  package struct Endpoint: Sendable, Hashable {
    /// As the cloud calls it: `compute`, `volumev3`.
    package var type: String
    package var interface: String
    package var region: String
    package var url: String

    package init(type: String, interface: String, region: String, url: String) {
      self.type = type
      self.interface = interface
      self.region = region
      self.url = url
    }
  }

  /// In the cloud's order.
  package var endpoints: [Endpoint]
  private let cloud: String
  private let region: String?
  private let interfaces: [ServiceType: [String]]
  private let overrides: [ServiceType: String]

  /// What of `endpoints` counts for a configuration: its region, interfaces and overrides.
  package init(_ endpoints: [Endpoint], _ config: CloudConfig) {
    self.endpoints = endpoints
    cloud = config.name
    region = config.region
    overrides = config.endpointOverrides
    interfaces = Dictionary(
      uniqueKeysWithValues: ServiceType.allCases.map { ($0, config.serviceInterfaces[$0] ?? config.interfaces) })
  }

  /// Reads `token.catalog`; what isn't as it should be is left out.
  init(_ json: JSON?, _ config: CloudConfig) {
    var endpoints: [Endpoint] = []
    for service in json?.array ?? [] {
      guard let type = service["type"]?.string else { continue }
      for endpoint in service["endpoints"]?.array ?? [] {
        guard let interface = endpoint["interface"]?.string, let url = endpoint["url"]?.string else { continue }
        let region = endpoint["region_id"]?.string ?? endpoint["region"]?.string ?? ""
        endpoints.append(
          Endpoint(
            type: type, interface: interface.hasSuffix("URL") ? String(interface.dropLast(3)) : interface,
            region: region, url: url))
      }
    }
    self.init(endpoints, config)
  }

  /// The service's address, without a slash at the end. An override counts before the catalog, the official type
  /// before older names, and the interfaces in the order of the configuration.
  package func url(_ service: ServiceType) throws(CloudError) -> String {
    if let url = overrides[service] { return Self.trimmed(url) }
    let wanted = interfaces[service] ?? ["public"]
    for interface in wanted {
      for name in service.names {
        let found = endpoints.first {
          $0.type == name && $0.interface == interface && (region == nil || $0.region == region)
        }
        if let found { return Self.trimmed(found.url) }
      }
    }
    throw missing(service, wanted)
  }

  private static func trimmed(_ url: String) -> String {
    var text = url[...]
    while text.last == "/" { text = text.dropLast() }
    return String(text)
  }

  private func missing(_ service: ServiceType, _ wanted: [String]) -> CloudError {
    let operation = "find the \(service) service of cloud `\(cloud)`"
    let mine = endpoints.filter { service.names.contains($0.type) }
    guard !mine.isEmpty else {
      let types = Set(endpoints.map(\.type)).sorted().joined(separator: ", ")
      return CloudError(
        .notFound, operation: operation,
        cause: types.isEmpty
          ? "the catalog is empty, as it is for a login without a project"
          : "the catalog has none; it has \(types)",
        hint: types.isEmpty
          ? "give `project_name` (or `project_id`) with the login"
          : "set `\(service.names[0].replacing("-", with: "_"))_endpoint_override` where the cloud has one all the same"
      )
    }
    let regions = Set(mine.map(\.region)).sorted()
    if let region, !regions.contains(region) {
      return CloudError(
        .notFound, operation: operation,
        cause:
          "the catalog has none in region `\(region)`; it has \(regions.map { "`\($0)`" }.joined(separator: ", "))",
        hint: "set `region_name` of the cloud, or OS_REGION_NAME; upper and lower case differ")
    }
    let there = Set(mine.filter { region == nil || $0.region == region }.map(\.interface)).sorted()
    return CloudError(
      .notFound, operation: operation,
      cause: "the catalog has no \(wanted.map { "`\($0)`" }.joined(separator: " or ")) interface of it; it has "
        + there.map { "`\($0)`" }.joined(separator: ", "),
      hint: "set `interface` of the cloud, or OS_INTERFACE")
  }
}

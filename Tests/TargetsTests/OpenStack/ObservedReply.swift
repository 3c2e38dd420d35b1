import Support

@testable import Targets

/// A request to a real cloud and what came back, as Tests/Fixtures/openstack/observed holds them.
struct ObservedReply: Sendable {
  var file: String
  var service: ServiceType
  var method: String
  var path: String
  var sent: JSON?
  /// nil where no answer came.
  var response: HTTPResponse?
  var body: JSON

  static let all: [ObservedReply] = FixtureFile.names("openstack/observed").flatMap { replies($0) }

  static func `in`(_ file: String) -> [ObservedReply] { replies(file + ".json") }

  private static func replies(_ file: String) -> [ObservedReply] {
    let services = Dictionary(uniqueKeysWithValues: ServiceType.allCases.map { ($0.project, $0) })
    return (JSON(bytes: FixtureFile.bytes("openstack/observed/\(file)"))?.array ?? []).compactMap { json in
      guard let request = json["request"], let service = services[request["service"]?.string ?? ""] else { return nil }
      var response: HTTPResponse?
      let body = json["body"] ?? .null
      if let status = json["status"]?.int {
        let headers = (json["headers"]?.object ?? [:]).sorted { $0.key < $1.key }
          .map { HTTPHeader($0.key, $0.value.string ?? "") }
        // HTML and plain text stand in the fixture as strings.
        response = HTTPResponse(status, headers: headers, body: body.string.map { Array($0.utf8) } ?? body.bytes)
      }
      return ObservedReply(
        file: String(file.dropLast(".json".count)), service: service, method: request["method"]?.string ?? "",
        path: request["path"]?.string ?? "", sent: request["body"], response: response, body: body)
    }
  }
}

extension CloudConfig {
  /// A login for tests.
  static func sample(
    region: String? = nil, interfaces: [String] = ["public"], overrides: [ServiceType: String] = [:]
  ) -> CloudConfig {
    CloudConfig(
      name: "lab", authURL: "http://127.0.0.1:5000",
      auth: CloudAuth(
        .password(.name("demo", .name("Default")), Secret("demo-secret")),
        scope: .namedProject("demo", .name("Default"))), region: region, interfaces: interfaces,
      endpointOverrides: overrides)
  }
}

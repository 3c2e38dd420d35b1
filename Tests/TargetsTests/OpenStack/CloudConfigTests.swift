import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

/// What openstacksdk 4.22 makes of the same files and variables: the fixture holds its answers, and the requests for a
/// token that it sent.
@Suite struct CloudConfigTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var files: [String: String]
    var environment: [String: String]
    var cloud: String?
    var expected: JSON

    var testDescription: String { name }

    static let all: [Case] = {
      let texts = { (json: JSON?) in (json?.object ?? [:]).compactMapValues(\.string) }
      return (JSON(bytes: FixtureFile.bytes("openstack/clouds.json"))?.array ?? []).map { json in
        Case(
          name: json["name"]?.string ?? "", files: texts(json["files"]), environment: texts(json["environment"]),
          cloud: json["cloud"]?.string, expected: json["expect"] ?? .null)
      }
    }()
  }

  @Test func casesAreThere() {
    #expect(Case.all.count > 80)
  }

  @Test(arguments: Case.all) func readsAsOpenstacksdkDoes(_ test: Case) throws {
    var texts = test.files
    for file in ["/pki/ca.pem", "/home/u/ca.pem"] { texts[file] = texts[file] ?? "" }
    let reader = CloudConfigReader(
      fileSystem: InMemoryFileSystem(texts: texts), environment: test.environment, directory: "/project",
      home: "/home/u")
    #expect(Self.json(try reader.read(test.cloud)) == test.expected)
  }

  /// A configuration in the words of the fixture.
  private static func json(_ config: CloudConfig) -> JSON {
    let request = AuthRequest(config)
    var json: [String: JSON] = [
      "cloud": .string(config.name), "interfaces": .array(config.interfaces.map { .string($0) }),
      "verify": .bool(config.tls.verify), "post": .string(request.url), "body": request.body,
    ]
    json["region"] = config.region.map { .string($0) }
    json["timeout"] = config.timeout.map { .number($0) }
    json["caFile"] = config.tls.caFile.map { .string($0.string) }
    json["certificate"] = config.tls.certificate.map { .string($0.string) }
    json["key"] = config.tls.key.map { .string($0.string) }
    func table(_ values: [ServiceType: String]) -> JSON? {
      if values.isEmpty { return nil }
      return .object(Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, JSON.string($0.value)) }))
    }
    json["endpoints"] = table(config.endpointOverrides)
    json["versions"] = table(config.apiVersions)
    json["serviceInterfaces"] = table(config.serviceInterfaces.compactMapValues(\.first))
    return .object(json)
  }
}

import FoundationEssentials
import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

/// Examples in docs/openstack.md are configurations that are read.
@Suite struct OpenStackManualTests {
  private static func examples(_ language: String) -> [String] {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    guard let bytes = try? Data(contentsOf: URL(filePath: "\(root)/docs/openstack.md")) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "```\(language)\n").dropFirst().compactMap {
      $0.split(separator: "```", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
    }
  }

  /// What the examples leave to other files.
  private static let others = [
    "/home/u/pki/lab-ca.pem": "", "/project/secure.yaml": "clouds: {lab: {auth: {password: x}}}",
    "/etc/openstack/clouds-public.yaml": "public-clouds: {acme: {auth: {auth_url: 'https://keystone.example'}}}",
  ]

  @Test func examplesAreThere() {
    #expect(Self.examples("yaml").count >= 3)
    #expect(Self.examples("sh").count >= 1)
  }

  @Test(arguments: examples("yaml")) func cloudsAreRead(_ text: String) throws {
    var files = Self.others
    files["/project/clouds.yaml"] = text
    let reader = CloudConfigReader(
      fileSystem: InMemoryFileSystem(texts: files), environment: [:], directory: "/project", home: "/home/u")
    #expect(try reader.read("lab").authURL.hasPrefix("https://keystone.example"))
  }

  @Test(arguments: examples("sh")) func variablesAreRead(_ text: String) throws {
    var environment: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
      environment[String(try #require(words.first))] = String(try #require(words.last))
    }
    let reader = CloudConfigReader(
      fileSystem: InMemoryFileSystem(), environment: environment, directory: "/project", home: nil)
    #expect(
      try reader.read(nil).auth.summary == "user `demo` of domain `Default` in project `demo` of domain `Default`")
  }
}

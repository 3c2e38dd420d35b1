import Foundation
import Testing

extension OpenStackTests {
  /// A cloud behind TLS: with an authority of its own, and where keystone wants to see a certificate.
  @Suite struct TLSTests {
    @Test(arguments: ["test-tls", "test-mtls"]) func buildsAServer(_ name: String) async throws {
      let trial = try CloudTrial("layout:\n    web\n", cloudName: name)
      let end = try await trial.run("-v")
      #expect(end.status == 0, "\(end.errors)")
      #expect(end.errors.contains("POST https://127.0.0.1:"))
      #expect(!end.errors.contains("http://127.0.0.1:"), "\(end.errors)")
      #expect(try await trial.left() == CloudTrial.one)
      try await trial.takeDown()
    }

    struct Case: Sendable, CustomTestStringConvertible {
      var name: String
      var cloudName: String
      /// Lines of clouds.yaml that are left out, by their keys, and what stands there instead.
      var without: [String]
      var instead: [String] = []
      var says: String
      var hint: String
      var testDescription: String { name }
    }

    private static let authority =
      "give the cloud's authority by `cacert` (or OS_CACERT) where it isn't one that this machine knows"
    private static let certificate =
      "the cloud wants a certificate of yours, or another one: check `cert` and `key` (or OS_CERT and OS_KEY)"

    static let cases = [
      Case(
        name: "no authority", cloudName: "test-tls", without: ["cacert"],
        says: "SSL certificate problem: unable to get local issuer certificate", hint: authority),
      Case(
        name: "another authority", cloudName: "test-tls", without: ["cacert"], instead: ["cacert: other.pem"],
        says: "SSL certificate problem: unable to get local issuer certificate", hint: authority),
      Case(
        name: "no client certificate", cloudName: "test-mtls", without: ["cert", "key"],
        says: "OpenSSL: tlsv13 alert certificate required, errno 0", hint: certificate),
      Case(
        name: "another's client certificate", cloudName: "test-mtls", without: ["cert", "key"],
        instead: ["cert: other.pem", "key: other.key"], says: "OpenSSL: tlsv1 alert unknown ca, errno 0",
        hint: certificate),
    ]

    @Test(arguments: cases) func isRefused(_ test: Case) async throws {
      let cloud = try #require(RealCloud.current)
      var text = try String(contentsOfFile: cloud.clouds, encoding: .utf8)
      let start = try #require(text.range(of: "  \(test.cloudName):\n")).upperBound
      let lines = text[start...].prefix { _ in true }.split(separator: "\n", omittingEmptySubsequences: false)
      let rest = lines.filter { line in !test.without.contains { line.hasPrefix("    \($0): ") } }
      text = text[..<start] + (test.instead.map { "    \($0)" } + rest.map(String.init)).joined(separator: "\n")
      let trial = try CloudTrial("layout:\n    web\n", cloudName: test.cloudName, clouds: text)
      try await RealCloud.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=other", "-keyout", "\(trial.program.path)/other.key", "-out", "\(trial.program.path)/other.pem",
      ])
      try await trial.fails(
        saying: """
          stackmake: error: log in to cloud `\(test.cloudName)`: lab: POST https://CLOUD/v3/auth/tokens: \(test.says)
            hint: \(test.hint)
          """)
      #expect(try await trial.left() == [])
    }
  }
}

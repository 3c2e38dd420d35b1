import Support
import Testing

@testable import Targets

@Suite struct CloudDoctorTests {
  private static let versions = #"{"version": {"id": "v3.14", "status": "stable"}}"#

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var url = "http://keystone.test/v3"
    var proxy = ""
    var addresses: Result<[String], NameLookup.Failure> = .success(["192.0.2.1"])
    /// What keystone's root, then its login answers.
    var root = ScriptedHTTP.Answer.json(versions)
    var login = ScriptedHTTP.Answer.response(FakeServices.token(1))
    var nova = ScriptedHTTP.Answer.json(
      #"{"version": {"id": "v2.1", "status": "CURRENT", "version": "2.93", "min_version": "2.1"}}"#)
    var neutron = ScriptedHTTP.Answer.json(#"{"versions": [{"id": "v2.0", "status": "CURRENT"}]}"#)
    var quota = ScriptedHTTP.Answer.json(
      #"{"quota": {"port": {"limit": 5, "used": 5}, "floatingip": {"limit": -1, "used": 0}}}"#)
    /// The lines from the first that isn't as always.
    var says: [String]
    var isWell = false
  }

  private static let refused = HTTPError(.connect, cause: "Connection refused", mayHaveArrived: false)

  static let cases = [
    Case(
      testDescription: "all is well",
      says: [
        "resolve keystone.test is 192.0.2.1", "connect keystone v3.14 answers at http://keystone.test/v3",
        "token user `demo` in project `demo`, as member, for 1 h 00 min", "catalog nova http://nova.test/v2.1",
        "catalog glance http://glance.test", "catalog neutron http://neutron.test",
        "versions nova 2.93 of 2.1 to 2.93", "versions glance v2.15", "versions neutron v2.0",
        "versions placement isn't needed", "quota servers 1 of 10", "quota cores 2 of 20",
        "quota MiB of memory 512 of 51200", "quota ports 5 of 5: nothing is left",
        "quota floating addresses no limit is told",
      ], isWell: true),
    Case(
      testDescription: "no such name", addresses: .failure(NameLookup.Failure(text: "Name or service not known")),
      says: [
        "resolve failed: look up `keystone.test`: Name or service not known"
          + " (check the address (OS_AUTH_URL in the environment) and this machine's name service)"
      ]),
    Case(
      testDescription: "a name that the proxy knows", proxy: "http://me:secret@proxy.test:3128",
      addresses: .failure(NameLookup.Failure(text: "Name or service not known")), root: .error(refused),
      says: [
        "resolve keystone.test isn't known here; the proxy http://••••@proxy.test:3128 may know it",
        "connect failed: connect to cloud `lab`: GET http://keystone.test/v3: Connection refused"
          + " (check the address and the way to it)",
      ]),
    Case(
      testDescription: "nobody listens", root: .error(refused),
      says: [
        "resolve keystone.test is 192.0.2.1",
        "connect failed: connect to cloud `lab`: GET http://keystone.test/v3: Connection refused"
          + " (check the address and the way to it)",
      ]),
    Case(
      testDescription: "an authority that isn't known", url: "https://keystone.test/v3",
      root: .error(HTTPError(.tls, cause: "self-signed certificate", mayHaveArrived: false)),
      says: [
        "resolve keystone.test is 192.0.2.1", "connect keystone.test answers",
        "tls failed: connect to cloud `lab`: GET https://keystone.test/v3: self-signed certificate"
          + " (give the cloud's authority by `cacert` (or OS_CACERT) where it isn't one that this machine knows)",
      ]),
    Case(
      testDescription: "a wrong password",
      login: .json(
        #"{"error": {"code": 401, "message": "The request you have made requires authentication."}}"#, status: 401),
      says: [
        "resolve keystone.test is 192.0.2.1", "connect keystone v3.14 answers at http://keystone.test/v3",
        "token failed: log in to cloud `lab`: keystone answered 401: The request you have made requires authentication,"
          + " as user `demo` of domain id default in project `demo` of domain id default"
          + " (check user, password, project and their domains)",
      ]),
    Case(
      testDescription: "something else answers", root: .status(404), login: .status(404),
      says: [
        "resolve keystone.test is 192.0.2.1",
        "connect something that isn't keystone's version 3 answers at http://keystone.test/v3",
        "token failed: log in to cloud `lab`: keystone answered 404"
          + " (`auth_url` doesn't lead to keystone's version 3: check it (OS_AUTH_URL in the environment))",
      ]),
    Case(
      testDescription: "an old nova, and no neutron",
      nova: .json(#"{"version": {"id": "v2.1", "status": "CURRENT", "version": "2.60", "min_version": "2.1"}}"#),
      neutron: .error(refused),
      says: [
        "resolve keystone.test is 192.0.2.1", "connect keystone v3.14 answers at http://keystone.test/v3",
        "token user `demo` in project `demo`, as member, for 1 h 00 min", "catalog nova http://nova.test/v2.1",
        "catalog glance http://glance.test", "catalog neutron http://neutron.test",
        "versions nova failed: choose a version of nova: it offers 2.1 to 2.60"
          + " (at least 2.64 is needed: the cloud is too old)", "versions glance v2.15",
        "versions neutron failed: ask neutron for its versions: GET http://neutron.test/: Connection refused"
          + " (check the address and the way to it)", "versions placement isn't needed",
      ]),
  ]

  @Test(arguments: cases) func says(_ test: Case) async throws {
    let http = ScriptedHTTP()
    http.on("GET", "*keystone.test/v3", test.root)
    http.on("POST", "*keystone.test/v3/auth/tokens", test.login)
    http.on("GET", "http://nova.test/v2.1/", test.nova, forever: true)
    http.on("GET", "http://glance.test/", .json(#"{"versions": [{"id": "v2.15", "status": "CURRENT"}]}"#))
    http.on("GET", "http://neutron.test/", test.neutron)
    http.on(
      "GET", "http://nova.test/v2.1/limits",
      .json(
        #"{"limits": {"absolute": {"maxTotalInstances": 10, "totalInstancesUsed": 1, "maxTotalCores": 20, "#
          + #""totalCoresUsed": 2, "maxTotalRAMSize": 51200, "totalRAMUsed": 512}}}"#))
    http.on("GET", "http://neutron.test/v2.0/quotas/p1/details.json", test.quota)
    var config = CloudConfig(
      name: "lab", authURL: test.url,
      auth: CloudAuth(
        .password(.name("demo", .id("default")), Secret("x")), scope: .namedProject("demo", .id("default"))))
    config.settings = [.init("auth.auth_url", test.url, .environment("OS_AUTH_URL"))]
    let doctor = CloudDoctor(
      config, http: http, proxy: test.proxy, lookUp: { _ in test.addresses }, now: { 1_000_000 })
    var lines: [String] = []
    let isWell = await doctor.examine { lines.append(Self.line($0)) }
    #expect(lines == test.says)
    #expect(isWell == test.isWell)
  }

  private static func line(_ finding: DoctorFinding) -> String {
    let start = [finding.step.rawValue, finding.subject].compactMap(\.self).joined(separator: " ")
    guard let error = finding.error else { return "\(start) \(finding.text)" }
    return "\(start) failed: \(error.operation): \(error.cause)" + (error.hint.map { " (\($0))" } ?? "")
  }

  @Test(arguments: [
    ("https://keystone.example:5000/v3", "keystone.example"), ("http://10.0.0.1/identity", "10.0.0.1"),
    ("https://[2001:db8::1]:5000", "2001:db8::1"), ("https://me:pass@word@host.example/v3", "host.example"),
    ("https://host.example", "host.example"),
  ]) func hostOf(url: String, host: String) {
    #expect(NameLookup.host(of: url) == host)
  }

  @Test func addressesAreTheirOwn() async {
    #expect(await NameLookup.addresses(of: "192.0.2.7") == .success(["192.0.2.7"]))
  }
}

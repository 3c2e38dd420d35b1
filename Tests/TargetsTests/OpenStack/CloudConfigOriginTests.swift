import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

/// Where each value was written, and what is never shown.
@Suite struct CloudConfigOriginTests {
  static let lab = """
    clouds:
      lab:
        profile: acme
        auth:
          username: demo
          project_name: demo
        regions: [north, {name: south, values: {interface: internal}}]

    """

  private func read(
    _ files: [String: String], _ environment: [String: String] = [:], _ name: String? = nil
  ) throws -> CloudConfig {
    try CloudConfigReader(
      fileSystem: InMemoryFileSystem(texts: files), environment: environment, directory: "/project", home: "/home/u"
    ).read(name)
  }

  @Test func everyValueSaysWhereItIsFrom() throws {
    let config = try read(
      [
        "/home/u/.config/openstack/clouds.yaml": Self.lab,
        "/etc/openstack/clouds-public.yaml": "public-clouds:\n  acme: {auth: {auth_url: 'https://k.example'}}\n",
        "/project/secure.yaml": "clouds: {lab: {auth: {password: s3cret}}}\n",
        "/project/ca.pem": "",
      ], ["OS_REGION_NAME": "south", "OS_CACERT": "ca.pem"], "lab")
    let file = "/home/u/.config/openstack/clouds.yaml, clouds.lab"
    #expect(
      config.settings.map { "\($0.key) = \($0.shown) (\($0.origin))" } == [
        "cloud = lab (`cloud` in the Stackfile)",
        "auth.auth_url = https://k.example (/etc/openstack/clouds-public.yaml, public-clouds.acme.auth.auth_url)",
        "auth.username = demo (\(file).auth.username)",
        "auth.user_domain_id = default (the default)",
        "auth.password = (secret) (/project/secure.yaml, clouds.lab.auth.password)",
        "auth.project_name = demo (\(file).auth.project_name)",
        "auth.project_domain_id = default (the default)",
        "region_name = south (OS_REGION_NAME in the environment)",
        "interface = internal (\(file).regions[1].values.interface)",
        "cacert = ca.pem (OS_CACERT in the environment)",
      ])
    #expect(config.origin(of: "auth.username")?.description == "\(file).auth.username")
    #expect(config.tls.caFile == "/project/ca.pem")
  }

  @Test func variablesSayTheirNames() throws {
    let config = try read(
      [:],
      [
        "OS_AUTH_URL": "https://k.example", "OS_USERNAME": "demo", "OS_PASSWORD": "s3cret", "OS_PROJECT_ID": "p1",
        "OS_USER_DOMAIN_ID": "default",
      ])
    #expect(config.origin(of: "username")?.description == "OS_USERNAME in the environment")
    #expect(config.origin(of: "cloud")?.description == "OS_AUTH_URL in the environment")
  }

  /// As `openstack` takes them, and only these: one user's login isn't mixed with another's.
  @Test func someVariablesCountBeforeTheFile() throws {
    let text = "clouds: {lab: {endpoint_type: public, auth: {auth_url: 'https://k', username: a, password: b}}}"
    let config = try read(
      ["/project/clouds.yaml": text, "/c": "", "/k": ""],
      ["OS_INTERFACE": "internal", "OS_CERT": "/c", "OS_KEY": "/k", "OS_USERNAME": "other", "OS_AUTH_URL": "x"], "lab")
    #expect(config.interfaces == ["internal"])
    #expect(config.tls == CloudConfig.TLS(certificate: "/c", key: "/k"))
    #expect(config.auth.method == .password(.name("a", .id("default")), Secret("b")))
    #expect(config.authURL == "https://k")
  }

  /// A file needs to hold no secret; where it does, the file's counts.
  @Test func aVariableFillsInTheSecretThatAFileLeavesOut() throws {
    let open = "clouds: {lab: {auth: {auth_url: 'https://k.example', username: demo, project_id: p1}}}"
    #expect(
      try read(["/project/clouds.yaml": open], ["OS_PASSWORD": "from-env"], "lab").auth.method
        == .password(.name("demo", .id("default")), Secret("from-env")))
    let closed = open.replacing("demo", with: "demo, password: from-file")
    #expect(
      try read(["/project/clouds.yaml": closed], ["OS_PASSWORD": "from-env"], "lab").auth.method
        == .password(.name("demo", .id("default")), Secret("from-file")))
  }

  @Test func aTextThatMeansNoVerifiesNothing() throws {
    let text = "clouds: {lab: {verify: 'False', auth: {auth_url: 'https://k.example', username: a, password: b}}}"
    #expect(try read(["/project/clouds.yaml": text]).tls.verify == false)
  }

  @Test(arguments: [
    ("password", "password: s3cret\n      username: demo"),
    ("token", "token: s3cret"),
    ("v3applicationcredential", "application_credential_id: a\n      application_credential_secret: s3cret"),
  ]) func aSecretIsNeverShown(_ type: String, _ login: String) throws {
    let text = """
      clouds:
        lab:
          auth_type: \(type)
          auth:
            auth_url: https://k.example
            \(login)
      """
    let config = try read(["/project/clouds.yaml": text])
    var dumped = ""
    dump(config, to: &dumped)
    for shown in ["\(config)", String(reflecting: config), dumped, config.auth.summary] {
      #expect(!shown.contains("s3cret"))
    }
    #expect(AuthRequest(config).body.text.contains("s3cret"))
  }
}

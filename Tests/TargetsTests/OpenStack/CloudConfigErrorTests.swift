import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

@Suite struct CloudConfigErrorTests {
  static let path = "/project/clouds.yaml"
  static let lab = """
    clouds:
      lab:
        auth:
          auth_url: https://keystone.example:5000/v3
          username: demo
          password: s3cret
          project_name: demo

    """
  static let places =
    "clouds.yaml (or .yml, .json) in /project, /home/u/.config/openstack, /etc/xdg/openstack, /etc/openstack"
  static let profiles = places.replacing("clouds.yaml", with: "clouds-public.yaml")

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var files: [String: String]
    var environment: [String: String] = [:]
    var cloud: String?
    var expected: String

    var testDescription: String { name }

    init(
      _ name: String, _ text: String? = nil, files: [String: String] = [:], environment: [String: String] = [:],
      cloud: String? = nil, says expected: String
    ) {
      self.name = name
      self.files = files
      if let text { self.files[path] = text }
      self.environment = environment
      self.cloud = cloud
      self.expected = expected
    }
  }

  static let which: [Case] = [
    Case(
      "nothing anywhere",
      says: """
        no cloud is written down: no \(places)
          hint: make a clouds.yaml (the cloud's dashboard offers one), or set OS_AUTH_URL and the other OS_* variables
        """),
    Case(
      "nothing, and a name", cloud: "lab",
      says: """
        no cloud called `lab`, which `cloud` in the Stackfile names: no \(places)
          hint: make a clouds.yaml (the cloud's dashboard offers one) in one of these places
        """),
    Case(
      "nothing where a variable says", environment: ["OS_CLIENT_CONFIG_FILE": "/x/c.yaml"], cloud: "lab",
      says: """
        no cloud called `lab`, which `cloud` in the Stackfile names: no /x/c.yaml, \(places)
          hint: make a clouds.yaml (the cloud's dashboard offers one) in one of these places
        """),
    Case(
      "an empty file", "# nothing\n",
      says: """
        no cloud is written down: /project/clouds.yaml has none
          hint: make a clouds.yaml (the cloud's dashboard offers one), or set OS_AUTH_URL and the other OS_* variables
        """),
    Case(
      "a name near another", lab, cloud: "lba",
      says: """
        /project/clouds.yaml: no cloud called `lba`, which `cloud` in the Stackfile names; there is `lab`
          hint: did you mean `lab`?
        """),
    Case(
      "a name in OS_CLOUD", lab + "  prod: {}\n", environment: ["OS_CLOUD": "nowhere"],
      says: """
        /project/clouds.yaml: no cloud called `nowhere`, which OS_CLOUD in the environment names; there are `lab`, `prod`
          hint: name one that is there, or write it down in this file
        """),
    Case(
      "several and no name", lab + "  prod: {}\n",
      says: """
        /project/clouds.yaml: several clouds and none is named: `lab`, `prod`
          hint: name one by `cloud = NAME` or OS_CLOUD
        """),
    Case(
      "a cloud called as the variables", lab.replacing("lab:", with: "envvars:"),
      says: """
        /project/clouds.yaml:3: a cloud called `envvars`, which is what the OS_* variables are called
          hint: rename it, or set OS_CLOUD_NAME to another name
        """),
    Case(
      "a region near another", lab + "    regions: [north, south]\n", environment: ["OS_REGION_NAME": "nroth"],
      says: """
        OS_REGION_NAME in the environment: cloud `lab` has no region `nroth`; there are `north`, `south`
          hint: did you mean `north`?
        """),
    Case(
      "an unknown profile", lab + "    profile: acme\n",
      says: """
        /project/clouds.yaml:8: cloud `lab` builds on profile `acme`, which isn't known: no \(profiles)
          hint: profiles that come with openstacksdk aren't here: write `auth_url` and the rest into the cloud itself
        """),
    Case(
      "a profile near another", lab + "    profile: acne\n",
      files: ["/etc/openstack/clouds-public.yaml": "public-clouds: {acme: {region_name: x}}"],
      says: """
        /project/clouds.yaml:8: cloud `lab` builds on profile `acne`, which isn't known: \
        /etc/openstack/clouds-public.yaml doesn't have it
          hint: did you mean `acme`?
        """),
    Case(
      "a profile at an address", lab + "    profile: https://acme.example\n",
      says: """
        /project/clouds.yaml:8: cloud `lab` builds on profile `https://acme.example`, an address: profiles aren't fetched
          hint: write the profile's values into the cloud itself, or into a clouds-public.yaml
        """),
  ]

  static let wrong: [Case] = [
    Case(
      "not YAML", "clouds:\n  lab:\n\tauth: {password: s3cret}\n",
      says: """
        /project/clouds.yaml:3:1: not valid YAML: found character that cannot start any token
          hint: correct the file; indent with spaces only
        """),
    Case(
      "one key twice", "clouds:\n  lab: {}\n  lab: {}\n",
      says: """
        /project/clouds.yaml:2:3: not valid YAML: `lab` twice in one map
          hint: correct the file; indent with spaces only
        """),
    Case(
      "a list", "- lab\n",
      says: """
        /project/clouds.yaml:1: isn't a map
          hint: its first line is `clouds:`
        """),
    Case(
      "clouds as a list", "clouds:\n- lab\n",
      says: """
        /project/clouds.yaml:2: `clouds` isn't a map of names
          hint: see docs/openstack.md
        """),
    Case(
      "a cloud without settings", "clouds:\n  lab:\n",
      says: """
        /project/clouds.yaml:2: cloud `lab` has no settings
          hint: see docs/openstack.md
        """),
    Case(
      "auth as a list", "clouds:\n  lab:\n    auth: [x]\n",
      says: """
        /project/clouds.yaml:3: `auth` of cloud `lab` isn't a map
          hint: write `auth_url`, `username` and so on below it, indented
        """),
    Case(
      "everything missing", "clouds:\n  lab:\n    auth: {}\n",
      says: """
        cloud `lab` has no `auth_url`, `username`, `password`
          hint: write them below `auth:` of the cloud in clouds.yaml
        """),
    Case(
      "variables that lack one", environment: ["OS_AUTH_URL": "https://k.example/v3", "OS_USERNAME": "demo"],
      says: """
        cloud `envvars` has no `password`
          hint: set OS_PASSWORD, or name a cloud of clouds.yaml by `cloud = NAME` or OS_CLOUD
        """),
    Case(
      "an application credential without its type",
      lab.replacing("username: demo", with: "application_credential_id: x")
        .replacing("password:", with: "application_credential_secret:"),
      says: """
        cloud `lab` has no `username`, `password`
          hint: an application credential needs `auth_type: v3applicationcredential` beside `auth:`
        """),
    Case(
      "a token without its type", lab.replacing("password:", with: "token:"),
      says: """
        cloud `lab` has no `password`
          hint: a token needs `auth_type: token` beside `auth:`
        """),
    Case(
      "an address that is none", lab.replacing("https://keystone", with: "keystone"),
      says: """
        /project/clouds.yaml:4: `auth_url` of cloud `lab` is `keystone.example:5000/v3`, which is no address
          hint: it begins with https:// and ends in /v3 by and large
        """),
    Case(
      "the whole system", lab + "      system_scope: all\n",
      says: """
        /project/clouds.yaml:8: cloud `lab` logs in to the whole system (`system_scope`); servers belong to a project
          hint: remove `system_scope` and give `project_name`
        """),
    Case(
      "an interface", lab + "    interface: pubic\n",
      says: """
        /project/clouds.yaml:8: no interface is called `pubic`
          hint: there are `public`, `internal` and `admin`
        """),
    Case(
      "a time limit", lab + "    api_timeout: soon\n",
      says: """
        /project/clouds.yaml:8: `api_timeout` is `soon`
          hint: it is a number of seconds
        """),
    Case(
      "a file that isn't there", lab + "    cacert: pki/ca.pem\n",
      says: """
        /project/clouds.yaml:8: `cacert` names /project/pki/ca.pem, which isn't there
          hint: correct the path; one that isn't absolute is taken from /project
        """),
  ]

  static let unsupported = [
    "v3oidcpassword", "v3multifactor", "v2password", "none", "v3totp", "admin_token", "v3oauth2clientcredential",
  ].map { type in
    Case(
      type, lab + "    auth_type: \(type)\n",
      says: """
        /project/clouds.yaml:8: cloud `lab` logs in by `auth_type: \(type)`, which isn't supported
          hint: supported are `password`, `token` and `v3applicationcredential`; the cloud's dashboard makes application \
        credentials
        """)
  }

  @Test(arguments: which + wrong + unsupported) func saysWhatIsWrong(_ test: Case) {
    let error = #expect(throws: CloudConfigError.self) {
      try Self.reader(test.files, test.environment).read(test.cloud)
    }
    #expect(error?.description == test.expected)
  }

  @Test func aFileThatCantBeReadIsPassedOver() throws {
    let files = InMemoryFileSystem(texts: [Self.path: "", "/etc/openstack/clouds.yaml": Self.lab])
    files.fail(Self.path, .permissionDenied)
    let reader = CloudConfigReader(fileSystem: files, environment: [:], directory: "/project", home: nil)
    #expect(try reader.read(nil).name == "lab")

    files.fail("/etc/openstack/clouds.yaml", .permissionDenied)
    let error = #expect(throws: CloudConfigError.self) { try reader.read(nil) }
    #expect(
      error?.message == """
        no cloud is written down: no clouds.yaml (or .yml, .json) in /project, /etc/xdg/openstack, /etc/openstack; \
        can't read /project/clouds.yaml: Permission denied; can't read /etc/openstack/clouds.yaml: Permission denied
        """)
  }

  /// Ten aliases of ten aliases of ten … would be a hundred million values.
  @Test func aliasesOfAliasesEnd() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...7 {
      let item = "*a\(level - 1)"
      text += "a\(level): &a\(level) [\(Array(repeating: item, count: 10).joined(separator: ", "))]\n"
    }
    let error = #expect(throws: CloudConfigError.self) { try Self.reader([Self.path: text], [:]).read(nil) }
    #expect(error?.message == "more than 50000 values; aliases count in full")
  }

  private static func reader(_ files: [String: String], _ environment: [String: String]) -> CloudConfigReader {
    CloudConfigReader(
      fileSystem: InMemoryFileSystem(texts: files), environment: environment, directory: "/project", home: "/home/u")
  }
}

import SystemPackage
import Testing

@testable import Targets

/// What is decided from what the host's files and programs say.
@Suite struct LocalHostTests {
  @Test(arguments: [
    ([String](), "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"),
    (
      ["deb http://m.example/debian/ bookworm main\n"], "http://m.example/debian",
      "http://deb.debian.org/debian-security"
    ),
    (
      [
        "Types: deb\n# http://snapshot.debian.org/debian\nURIs: https://m.example/debian\n\nURIs: https://m.example/debian-security\n"
      ],
      "https://m.example/debian", "https://m.example/debian-security"
    ),
    (
      ["deb [signed-by=/k] http://archive.ubuntu.com/ubuntu noble main"], "http://deb.debian.org/debian",
      "http://deb.debian.org/debian-security"
    ),
    (
      ["#deb http://m.example/debian bookworm main"], "http://deb.debian.org/debian",
      "http://deb.debian.org/debian-security"
    ),
  ])
  func mirrors(_ sources: [String], _ main: String, _ security: String) {
    let mirrors = DebianMirrors(aptSources: sources)
    #expect([mirrors.main, mirrors.security] == [main, security])
  }

  @Test(arguments: [
    ("http://a.example/debian", "a.example" as String?), ("http://u:p@a.example:3128/", "a.example"),
    ("a.example", nil),
  ])
  func hostOfAddress(_ url: String, _ host: String?) {
    #expect(DebianMirrors.host(of: url) == host)
  }

  @Test func aptSettingsAreThoseOfTheWayToTheMirror() {
    let surroundings = HostSurroundings(
      aptConfig: """
        APT::Install-Recommends "0";
        Acquire "";
        Acquire::http "";
        Acquire::http::Proxy "http://proxy.example:3128";
        Acquire::http::Proxy-Auto-Detect "/usr/bin/detect";
        Acquire::Check-Valid-Until "false";
        Acquire::IndexTargets::deb::Packages::Optional "0";
        """)
    #expect(
      surroundings.aptSettings == """
        Acquire::http::Proxy "http://proxy.example:3128";
        Acquire::Check-Valid-Until "false";

        """)
  }

  @Test(arguments: [
    ("nameserver 10.0.0.1\n", "", "nameserver 10.0.0.1\n" as String?),
    ("nameserver 127.0.0.53\nsearch x\n", "nameserver 9.9.9.9\n", "nameserver 9.9.9.9\n"),
    ("nameserver 127.0.0.1\nnameserver 10.0.0.1\nsearch x\n", "", "nameserver 10.0.0.1\nsearch x\n"),
    ("nameserver 127.0.0.1\n", "", nil),
  ])
  func machinesGetNoNameServerOfTheHostsOwn(_ own: String, _ uplink: String, _ expected: String?) {
    #expect(HostSurroundings(resolvConf: own, uplinkResolvConf: uplink).machineResolvConf == expected)
  }

  @Test func hostsLinesThatAMachineNeeds() {
    let surroundings = HostSurroundings(
      hosts: "127.0.0.1 localhost m.example\n10.1.1.1 m.example # mirror\n10.1.1.2 other\n")
    #expect(surroundings.hostsLines(naming: ["m.example"]) == ["10.1.1.1 m.example # mirror"])
  }

  @Test func imageFilesChangeTheFingerprint() {
    let plain = HostSurroundings()
    let proxied = HostSurroundings(proxies: ["http_proxy": "http://proxy.example:3128"])
    #expect(plain.fingerprint != proxied.fingerprint)
    #expect(proxied.imageFiles["etc/environment"] == "http_proxy=http://proxy.example:3128\n")
    #expect(plain.fingerprint == HostSurroundings(resolvConf: "nameserver 1.1.1.1").fingerprint)
  }

  @Test(arguments: [
    ("10.64.0.0/24", "10.64.0.255", true), ("10.64.0.0/24", "10.64.1.0/24", false),
    ("10.0.0.0/8", "10.64.1.0/24", true),
    ("0.0.0.0/0", "1.2.3.4", true),
  ])
  func subnetsOverlap(_ a: String, _ b: String, _ expected: Bool) throws {
    #expect(try #require(Subnet(a)).overlaps(try #require(Subnet(b))) == expected)
    #expect(try #require(Subnet(b)).overlaps(try #require(Subnet(a))) == expected)
  }

  @Test(arguments: ["", "10.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "dev", "1.2.3.4/5/6"])
  func noSubnet(_ text: String) { #expect(Subnet(text) == nil) }

  @Test(arguments: [
    ("", "10.64.5.0/24" as String?), ("default via 192.0.2.1 dev eth0 10.64.5.0/24 dev br0", "10.64.6.0/24"),
    ("0.0.0.0/0 dev x 10.64.4.0/22 dev br0", "10.64.8.0/24"), ("10.0.0.0/8 dev x", nil),
  ])
  func aSubnetThatIsFree(_ taken: String, _ expected: String?) {
    #expect(Subnet.choose(seed: 5, taken: taken)?.description == expected)
  }

  @Test func addressesAndTheirHardware() throws {
    let network = try LocalNetwork.choose(mark: "00000005", wish: nil, taken: "", mtu: 1400)
    #expect(network.bridge == "smbr00000005")
    #expect(network.bridge.utf8.count <= 15)
    #expect(network.gateway == "10.64.5.1")
    #expect(network.freeAddress(["10.64.5.10"]) == "10.64.5.11")
    #expect(network.freeAddress(Set((10...250).map { "10.64.5.\($0)" })) == nil)
    #expect(LocalNetwork.hardwareAddress("10.64.5.11") == "02:53:0a:40:05:0b")
  }

  /// Fields 4 to 21 hold their own number, and field 22 is the start time.
  @Test(arguments: [("12 (a b) S", 777 as UInt64?), ("12 (a) Z) S", 777), ("12 (a) Z", nil), ("12 a", nil)])
  func startTimes(_ beginning: String, _ expected: UInt64?) {
    let status = beginning + (4...21).map { " \($0)" }.joined() + " 777 0"
    #expect(ProcessID.startTime(status: status) == expected)
  }

  @Test(arguments: [("", nil), ("12 34", nil), ("1 2 x", nil), ("12 34 x", 12 as Int32?)])
  func processes(_ text: String, _ pid: Int32?) { #expect(ProcessID(text)?.pid == pid) }

  @Test(arguments: [
    (#"{"v1": {"init": {"finished": 1.5}}}"#, true), (#"{"v1": {"init": {"finished": null}}}"#, false), ("", false),
    (#"{"v1": {}}"#, false),
  ])
  func keysAreMade(_ status: String, _ expected: Bool) {
    #expect(GenerationFiles.hasInitialized(status: Array(status.utf8)) == expected)
  }

  @Test(arguments: [("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("", "''")])
  func shellWords(_ text: String, _ word: String) { #expect(text.shellWord == word) }

  @Test func onlyRootCanMakeMachines() async {
    let cloud = LocalCloud(LocalSettings(root: "/nonexistent", environment: [:], userID: 1000, now: { 0 }))
    let errors = [
      await #expect(throws: CloudError.self) { _ = try await cloud.resolve([], missing: []) },
      await #expect(throws: CloudError.self) { _ = try await cloud.machines(ofCluster: "c") },
      await #expect(throws: CloudError.self) { try await cloud.delete("abc", wait: true) },
    ]
    for error in errors {
      #expect(error?.code == .unsupported)
      #expect(error?.cause == "only root can make machines on this host")
    }
  }

  @Test(arguments: [
    ("10.63.0.0/22", "10.64.0.0/24", nil), ("10.63.0.0/24", "default via 10.1.0.1 10.1.0.0/24", nil),
    ("10.63.0.0/22", "10.63.2.0/24 dev b", "10.63.2.0/24 is in use on this host"),
    ("10.63.0.0/28", "", "it isn't like `10.63.0.0/24`"), ("x", "", "it isn't like `10.63.0.0/24`"),
  ])
  func aSubnetThatIsWishedForIsTakenOrRefused(_ wish: String, _ taken: String, _ problem: String?) throws {
    do throws(CloudError) {
      let network = try LocalNetwork.choose(mark: "00000005", wish: wish, taken: taken, mtu: 1400)
      #expect(network.subnet == wish)
      #expect(network.gateway == "10.63.0.1")
      #expect(problem == nil)
    } catch {
      #expect(error.cause == problem)
    }
  }

  @Test(arguments: [
    ("10.63.3.9", nil), ("10.63.0.10", "another machine has the address 10.63.0.10"),
    ("10.63.0.1", "`10.63.0.1` is no address of 10.63.0.0/22"),
    ("10.64.0.9", "`10.64.0.9` is no address of 10.63.0.0/22"),
    ("10.63.0.0/24", "`10.63.0.0/24` is no address of 10.63.0.0/22"),
  ])
  func anAddressThatIsWishedForIsTakenOrRefused(_ wish: String, _ problem: String?) throws {
    let network = try LocalNetwork.choose(mark: "00000005", wish: "10.63.0.0/22", taken: "", mtu: 1400)
    do throws(CloudError) {
      #expect(try network.address(wish, used: ["10.63.0.10"], "test") == wish)
      #expect(problem == nil)
    } catch {
      #expect(error.cause == problem)
    }
  }

  @Test func theSuperviseScriptIsOneThatBashReads() async throws {
    let known = HostSurroundings()
    let spec = MachineSpec(
      tag: MachineTag(cluster: "c", server: "it's", generation: 1), name: "c-it's", hostname: "it's",
      resolved: ResolvedMachine(
        name: "it's", imageID: "debian-12-v1", imageChecksum: "", flavorID: "m1.tiny", zones: ["local"],
        network: ResolvedNetwork(id: "local")
      ),
      userData: "", metadata: [:])
    let record = MachineRecord(spec, id: "0123abcd", address: "10.64.5.10", createdAt: 0)
    let machine = RootFiles(root: "/var/tmp/it's a root").machine(record.id)
    let script = SuperviseScript(
      record: record, files: machine.generation(1), link: machine.link, base: "/base",
      network: try LocalNetwork.choose(mark: "00000005", wish: nil, taken: "", mtu: 1400), memory: 512)
    let recipe = try #require(LocalCatalog(mirrors: DebianMirrors()).recipe("debian-12"))
    let image = ImageScript.text(recipe, ImagePlace(cache: "/var/tmp/it's", recipe: recipe, surroundings: known))
    let programs = HostPrograms(environment: [:])
    for text in [script.text, image, HostCheck.kernelScript] {
      let output = try await programs.run("bash", ["-n", "-s"], input: text)
      #expect(output.status == 0, "\(output.error)")
    }
    #expect(machine.link.utf8.count <= 15)
  }
}

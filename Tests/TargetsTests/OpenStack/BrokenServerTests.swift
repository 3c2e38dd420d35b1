import Support
import Testing

@testable import Targets

/// Nova doesn't say in a list why a server is in ERROR where no host was found for it.
@Suite struct BrokenServerTests {
  private static func text(_ fault: String) -> String {
    #"{"id": "s1", "name": "lab-web", "status": "ERROR", \#(fault) "metadata": {"stackmake_cluster": "c1", "#
      + #""stackmake_server": "web", "stackmake_generation": "1"}}"#
  }

  private static let servers = ScriptedHTTP.Answer.json(#"{"servers": [\#(text(""))]}"#)

  private static func server(_ fault: String) -> ScriptedHTTP.Answer { .json(#"{"server": \#(text(fault))}"#) }

  private static func cloud(_ http: ScriptedHTTP) -> OpenStackCloud {
    http.on("POST", "http://keystone.test/v3/auth/tokens", .response(FakeServices.token(1)))
    http.on(
      "GET", "http://nova.test/v2.1/",
      .json(#"{"version": {"id": "v2.1", "status": "CURRENT", "version": "2.93", "min_version": "2.1"}}"#))
    let config = CloudConfig(
      name: "lab", authURL: "http://keystone.test/v3",
      auth: CloudAuth(.token(Secret("x")), scope: .namedProject("demo", .id("default"))))
    let client = ServiceClient(
      config, http: http, tokens: TokenSource(config, http: http, now: { 1_000_000 }))
    return OpenStackCloud(client, clock: JumpingClock())
  }

  private static let list = "http://nova.test/v2.1/servers/detail*"

  /// What a list leaves out, the server itself says: at once, or a moment later.
  @Test(arguments: [1, 2]) func theReasonIsAskedFor(looks: Int) async throws {
    let http = ScriptedHTTP()
    let cloud = Self.cloud(http)
    http.on("GET", Self.list, Self.servers, Self.servers)
    for _ in 1..<looks { http.on("GET", "http://nova.test/v2.1/servers/s1", Self.server("")) }
    http.on(
      "GET", "http://nova.test/v2.1/servers/s1", Self.server(#""fault": {"message": "No valid host was found. "},"#))
    for _ in 0..<2 {
      let machines = try await cloud.machines(ofCluster: "c1")
      #expect(machines.map(\.status) == [.error("No valid host was found.")])
    }
    #expect(http.unused == 0)
  }

  /// It is asked for once, not with every list.
  @Test func thereMayBeNone() async throws {
    let http = ScriptedHTTP()
    let cloud = Self.cloud(http)
    http.on("GET", Self.list, Self.servers, Self.servers)
    http.on("GET", "http://nova.test/v2.1/servers/s1", Self.server(""), Self.server(""))
    for _ in 0..<2 {
      let machines = try await cloud.machines(ofCluster: "c1")
      #expect(machines.map(\.status) == [.error("nova gives no reason: a service behind it may not answer")])
    }
    #expect(http.unused == 0)
  }

  /// The key was lost and made anew: whoever has the old one would be let in.
  @Test func aKeyPairWithAnotherKeyIsRefused() async throws {
    let http = ScriptedHTTP()
    let cloud = Self.cloud(http)
    http.on("POST", "http://nova.test/v2.1/os-keypairs", .status(409), .status(409))
    http.on(
      "GET", "http://nova.test/v2.1/os-keypairs/stackmake-c1",
      .json(#"{"keypair": {"name": "stackmake-c1", "public_key": "ssh-ed25519 BBBB old"}}"#),
      .json(#"{"keypair": {"name": "stackmake-c1", "public_key": "ssh-ed25519 AAAA me@there"}}"#))
    let spec = MachineSpec(
      tag: MachineTag(cluster: "c1", server: "web", generation: 1), name: "lab-web", hostname: "web",
      resolved: ResolvedMachine(
        name: "web", imageID: "i", imageChecksum: "", flavorID: "f", zones: [], network: ResolvedNetwork(id: "n")),
      userData: "", metadata: [:], authorizedKeys: ["ssh-ed25519 AAAA stackmake"])
    let error = await #expect(throws: CloudError.self) { try await cloud.keyPair(spec) }
    #expect(
      error?.description == """
        look at key pair `stackmake-c1`: it holds another key than this cluster's
          hint: `stackmake clean` deletes it with all that this cluster has; its name is this cluster's alone
        """)
    #expect(try await cloud.keyPair(spec) == "stackmake-c1")
  }
}

import Support
import Testing

@testable import Targets

/// The group that a cluster makes for itself: once, with its rules, whatever becomes of the answers.
@Suite(.timeLimit(.minutes(5))) struct SecurityGroupTests {
  private static let spec = MachineSpec(
    tag: MachineTag(cluster: "c1", server: "web", generation: 1), name: "lab-web", hostname: "web",
    resolved: ResolvedMachine(
      name: "web", imageID: "i", imageChecksum: "", flavorID: "f", zones: [], network: ResolvedNetwork(id: "n")),
    userData: "", metadata: [:])

  private static func group(_ id: String, rules: [JSON] = [rule]) -> JSON {
    ["id": .string(id), "name": "stackmake-c1", "security_group_rules": .array(rules)]
  }

  private static let rule: JSON = [
    "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22,
    "remote_ip_prefix": .null, "remote_group_id": .null,
  ]

  /// A neutron that lists these groups, and these ports.
  private static func neutron(groups: [JSON], ports: [JSON] = []) -> FakeServices {
    FakeServices { request, number in
      if request.url.hasSuffix("/auth/tokens") { return .success(FakeServices.token(number)) }
      let body: JSON =
        request.url.contains("/ports")
        ? ["ports": .array(ports)]
        : request.url.contains("/security-group-rules")
          ? ["security_group_rules": []]
          : request.method == "POST" ? ["security_group": group("new", rules: [])] : ["security_groups": .array(groups)]
      return .success(HTTPResponse(request.method == "POST" ? 201 : 200, body: body.bytes))
    }
  }

  private func groups(_ neutron: FakeServices) async throws -> [String]? {
    let client = ServiceClient(
      .sample(), http: neutron, tokens: TokenSource(.sample(), http: neutron, now: neutron.now))
    return try await OpenStackCloud(client, clock: JumpingClock()).securityGroups(Self.spec)
  }

  @Test func isMadeWithRulesThatMayBeAskedForAgain() async throws {
    let neutron = Self.neutron(groups: [])
    #expect(try await groups(neutron) == ["new"])
    let posts = neutron.requests.filter { $0.method == "POST" && !$0.url.hasSuffix("/tokens") }
    #expect(posts.map { String($0.url.split(separator: "/").last!) } == ["security-groups", "security-group-rules"])
    #expect(posts.map(\.repeats) == [nil, true])
  }

  @Test func oneWithoutRulesIsCompleted() async throws {
    let neutron = Self.neutron(groups: [Self.group("half", rules: [])])
    #expect(try await groups(neutron) == ["half"])
    #expect(neutron.requests.filter { $0.method == "POST" && $0.url.hasSuffix("/security-group-rules") }.count == 1)
  }

  @Test(arguments: [([String](), "a"), (["b"], "b"), (["a", "b"], "a")])
  func ofTwoTheOneInUseIsTaken(used: [String], taken: String) async throws {
    let ports: [JSON] = used.map { id in
      [
        "id": "p", "network_id": "n", "name": "stackmake-c1-web", "device_id": "s",
        "security_groups": .array([.string(id)]),
      ]
    }
    let neutron = Self.neutron(groups: [Self.group("b"), Self.group("a")], ports: ports)
    #expect(try await groups(neutron) == [taken])
    #expect(neutron.requests.count { $0.method == "POST" && !$0.url.hasSuffix("/tokens") } == 0)
  }
}

import Support
import Synchronization
import Testing

@testable import Targets

/// Nothing is made twice, whatever becomes of answers: services that keep what was posted, and lose answers on demand.
@Suite(.timeLimit(.minutes(5))) struct ServerCreationTests {
  /// A nova and a neutron in a dictionary each.
  private final class World: Sendable {
    struct State {
      var servers: [JSON] = []
      var ports: [JSON] = []
      var groups: [JSON] = []
      var keyPairs: Set<String> = []
      /// Answers that get lost, by `METHOD path`: the status in their place (nil: none at all), and whether what was asked was done.
      var faults: [(route: String, status: Int?, isDone: Bool)] = []
      /// Lists of servers that are still to be answered as if nothing were there.
      var staleLists = 0
      var log: [String] = []
    }
    let state = Mutex(State())

    var log: [String] { state.withLock { $0.log } }
    func count(_ route: String) -> Int { log.count { $0 == route } }

    func lose(_ route: String, status: Int?, isDone: Bool) {
      state.withLock { $0.faults.append((route, status, isDone)) }
    }

    func answer(_ request: HTTPRequest) -> Result<HTTPResponse, HTTPError> {
      let path = "/" + request.url.split(separator: "/").dropFirst(2).joined(separator: "/").prefix { $0 != "?" }
      let route = "\(request.method) \(path)"
      return state.withLock { state in
        state.log.append(route)
        let fault = state.faults.firstIndex { $0.route == route }.map { state.faults.remove(at: $0) }
        if let fault, !fault.isDone { return Self.lost(fault.status) }
        let body = JSON(bytes: request.body) ?? .null
        let answer = Self.serve(route, body, &state)
        if let fault { return Self.lost(fault.status) }
        return .success(answer)
      }
    }

    private static func lost(_ status: Int?) -> Result<HTTPResponse, HTTPError> {
      guard let status else {
        return .failure(HTTPError(.cut, cause: "the connection was cut", mayHaveArrived: true))
      }
      return .success(HTTPResponse(status))
    }

    private static func serve(_ route: String, _ body: JSON, _ state: inout State) -> HTTPResponse {
      func json(_ status: Int, _ json: JSON) -> HTTPResponse { HTTPResponse(status, body: json.bytes) }
      switch route {
      case "GET /v2.1":
        return json(200, ["version": ["id": "v2.1", "status": "CURRENT", "min_version": "2.1", "version": "2.93"]])
      case "GET /v2.1/servers/detail":
        if state.staleLists > 0 {
          state.staleLists -= 1
          return json(200, ["servers": []])
        }
        return json(200, ["servers": .array(state.servers)])
      case "POST /v2.1/servers":
        let id = JSON.string("s\(state.servers.count + 1)")
        var server = body["server"]?.object ?? [:]
        (server["id"], server["status"]) = (id, "BUILD")
        state.servers.append(.object(server))
        return json(202, ["server": ["id": id]])
      case "GET /v2.0/ports": return json(200, ["ports": .array(state.ports)])
      case "POST /v2.0/ports":
        var port = body["port"]?.object ?? [:]
        port["id"] = .string("p\(state.ports.count + 1)")
        let wish = port["fixed_ips"]
        if let wish, state.ports.contains(where: { $0["fixed_ips"] == wish }) { return json(409, [:]) }
        port["fixed_ips"] = wish ?? [["ip_address": .string("10.0.0.\(state.ports.count + 1)")]]
        state.ports.append(.object(port))
        return json(201, ["port": .object(port)])
      case "GET /v2.0/security-groups": return json(200, ["security_groups": .array(state.groups)])
      case "POST /v2.0/security-groups":
        var group = body["security_group"]?.object ?? [:]
        group["id"] = .string("g\(state.groups.count + 1)")
        state.groups.append(.object(group))
        return json(201, ["security_group": .object(group)])
      case "POST /v2.0/security-group-rules":
        guard var group = state.groups.last?.object else { return HTTPResponse(404) }
        group["security_group_rules"] = body["security_group_rules"]
        state.groups[state.groups.count - 1] = .object(group)
        return json(201, [:])
      case "POST /v2.1/os-keypairs":
        let name = body["keypair"]?["name"]?.string ?? ""
        return state.keyPairs.insert(name).inserted ? json(200, [:]) : json(409, [:])
      default:
        if route.hasPrefix("GET /v2.1/os-keypairs/") {
          let isThere = state.keyPairs.contains(String(route.split(separator: "/").last!))
          return isThere ? json(200, ["keypair": ["public_key": "ssh-ed25519 AAAA"]]) : json(404, [:])
        }
        return HTTPResponse(404)
      }
    }
  }

  private static func cloud(_ world: World) -> OpenStackCloud {
    let services = FakeServices { request, number in
      if request.url.hasSuffix("/auth/tokens") { return .success(FakeServices.token(number)) }
      return world.answer(request)
    }
    let tokens = TokenSource(.sample(), http: services, now: services.now)
    return OpenStackCloud(ServiceClient(.sample(), http: services, tokens: tokens), clock: JumpingClock())
  }

  private static func spec(_ server: String = "a", generation: Int = 1) -> MachineSpec {
    MachineSpec(
      tag: MachineTag(cluster: "c1", server: server, generation: generation), name: "lab-\(server)", hostname: server,
      resolved: ResolvedMachine(
        name: server, imageID: "i1", imageChecksum: "", flavorID: "f1", zones: [], network: ResolvedNetwork(id: "n1")),
      userData: "#cloud-config\n", metadata: [:], authorizedKeys: ["ssh-ed25519 AAAA"])
  }

  private static let everything = [
    "POST /v2.1/servers", "POST /v2.0/ports", "POST /v2.0/security-groups", "POST /v2.1/os-keypairs",
  ]

  @Test func oneOfEach() async throws {
    let world = World()
    let cloud = Self.cloud(world)
    let machine = try await cloud.create(Self.spec())
    #expect(machine.id == "s1")
    #expect(try await cloud.create(Self.spec()).id == "s1")
    for route in Self.everything { #expect(world.count(route) == 1, "\(route)") }
  }

  @Test func whatIsSharedIsMadeOnceForAll() async throws {
    let world = World()
    let cloud = Self.cloud(world)
    let ids = try await withThrowingTaskGroup(of: String.self) { group in
      for server in ["a", "b", "c", "d"] { group.addTask { try await cloud.create(Self.spec(server)).id } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(ids.count == 4)
    #expect(world.count("POST /v2.0/security-groups") == 1)
    #expect(world.count("POST /v2.1/os-keypairs") == 1)
    #expect(world.count("POST /v2.0/ports") == 4)
    #expect(world.count("POST /v2.1/servers") == 4)
  }

  @Test(arguments: everything, [500, nil] as [Int?])
  func aLostAnswerMakesNothingTwice(_ route: String, _ status: Int?) async throws {
    let world = World()
    world.lose(route, status: status, isDone: true)
    #expect(try await Self.cloud(world).create(Self.spec()).id == "s1")
    #expect(world.count(route) == 1)
  }

  @Test(arguments: everything, [500, nil] as [Int?])
  func aRequestThatWasLostIsMadeAgain(_ route: String, _ status: Int?) async throws {
    let world = World()
    world.lose(route, status: status, isDone: false)
    #expect(try await Self.cloud(world).create(Self.spec()).id == "s1")
    #expect(world.count(route) == 2)
  }

  @Test func oneListThatIsBehindIsNotBelievedAfterALostAnswer() async throws {
    let world = World()
    world.lose("POST /v2.1/servers", status: 500, isDone: true)
    // That before the creation, and the first one after it.
    world.state.withLock { $0.staleLists = 2 }
    #expect(try await Self.cloud(world).create(Self.spec()).id == "s1")
    #expect(world.count("POST /v2.1/servers") == 1)
  }

  @Test func aRefusalIsNotRepeated() async throws {
    let world = World()
    world.lose("POST /v2.1/servers", status: 403, isDone: false)
    let cloud = Self.cloud(world)
    await #expect(throws: CloudError.self) { _ = try await cloud.create(Self.spec()) }
    #expect(world.count("POST /v2.1/servers") == 1)
  }

  @Test func thePortOfAnEarlierServerIsTakenAgain() async throws {
    let world = World()
    let cloud = Self.cloud(world)
    _ = try await cloud.create(Self.spec())
    world.state.withLock { $0.servers = [] }
    _ = try await cloud.create(Self.spec(generation: 2))
    #expect(world.count("POST /v2.0/ports") == 1)
    #expect(world.state.withLock { $0.servers[0]["networks"] } == [["port": "p1"]])
  }

  @Test func aServerOfASnapshotHasTheAddressThatItKnows() async throws {
    let world = World()
    let cloud = Self.cloud(world)
    var spec = Self.spec()
    spec.snapshot = SnapshotSource(imageID: "snapshot", addresses: ["10.0.0.77"])
    _ = try await cloud.create(spec)
    #expect(world.state.withLock { $0.ports[0]["fixed_ips"] } == [["ip_address": "10.0.0.77"]])
    #expect(world.state.withLock { $0.servers[0]["imageRef"] } == "snapshot")
    // The address is taken: any other will do, and the server's own image.
    var other = Self.spec("b")
    other.snapshot = spec.snapshot
    _ = try await cloud.create(other)
    #expect(world.count("POST /v2.0/ports") == 3)
    #expect(world.state.withLock { $0.ports[1]["fixed_ips"] } == [["ip_address": "10.0.0.2"]])
    #expect(world.state.withLock { $0.servers[1]["imageRef"] } == "i1")
  }

  @Test(arguments: [
    ("stackmake-c1-a.s1", "active", Snapshot.Status.active), ("stackmake-c1-a.s1", "saving", .building),
    ("stackmake-c1-a.s1", "deactivated", .broken("deactivated")), ("somebody's own", "active", nil),
  ]) func anImageIsOursByItsName(_ name: String, _ text: String, _ status: Snapshot.Status?) {
    let image: JSON = [
      "id": "i7", "name": .string(name), "status": .string(text), "stackmake_cluster": "c1", "stackmake_server": "a",
      "stackmake_set": "s1",
    ]
    #expect(Snapshot(glance: image)?.status == status)
  }

  @Test func aGroupWithoutItsRulesIsMadeWhole() async throws {
    let world = World()
    world.state.withLock {
      $0.groups = [
        ["id": "g1", "name": "stackmake-c1", "description": "stackmake cluster c1", "security_group_rules": []]
      ]
    }
    _ = try await Self.cloud(world).create(Self.spec())
    #expect(world.count("POST /v2.0/security-groups") == 0)
    #expect(world.count("POST /v2.0/security-group-rules") == 1)
  }
}

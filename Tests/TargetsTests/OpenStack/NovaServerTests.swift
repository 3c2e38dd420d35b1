import Support
import Testing

@testable import Targets

@Suite struct NovaServerTests {
  private static func server(_ more: [String: JSON]) -> NovaServer {
    let json: [String: JSON] = [
      "id": "s1", "name": "lab-web", "status": "ACTIVE", "created": "2026-11-23T22:34:27Z",
      "image": ["id": "i1"], "flavor": ["original_name": "m1.small"],
      "metadata": ["stackmake_cluster": "c1", "stackmake_server": "web", "stackmake_generation": "3", "a": "b"],
    ]
    return NovaServer(.object(json.merging(more) { $1 }))!
  }

  private static func address(_ text: String, _ type: String = "fixed", version: Int = 4) -> JSON {
    ["addr": .string(text), "version": .number(Double(version)), "OS-EXT-IPS:type": .string(type)]
  }

  @Test func oursIsKnownByItsMetadata() throws {
    let machine = try #require(Self.server([:]).machine)
    #expect(machine.tag == MachineTag(cluster: "c1", server: "web", generation: 3))
    #expect(machine.imageID == "i1")
    #expect(machine.flavorID == "m1.small")
    #expect(machine.createdAt == 1_795_473_267)
    #expect(Self.server(["metadata": ["stackmake_cluster": "c1"]]).machine == nil)
    #expect(Self.server(["metadata": [:]]).tag == nil)
    #expect(NovaServer(["name": "x"]) == nil)
  }

  @Test(arguments: [
    ("BUILD", nil as String?, Machine.Status.building), ("REBUILD", nil, .building), ("ACTIVE", nil, .active),
    ("ACTIVE", "deleting", .deleting), ("BUILD", "deleting", .deleting), ("SOFT_DELETED", nil, .deleting),
    ("SHUTOFF", nil, .stopped), ("SHELVED_OFFLOADED", nil, .stopped), ("REBOOT", nil, .active),
    ("ERROR", nil, .error("nova gives no reason: a service behind it may not answer")),
    ("UNKNOWN", nil, .error("nova doesn't know its state: the part of the cloud that it is in doesn't answer")),
  ])
  func states(_ status: String, _ task: String?, _ wanted: Machine.Status) {
    let server = Self.server(["status": .string(status), "OS-EXT-STS:task_state": task.map { .string($0) } ?? .null])
    #expect(server.machineStatus == wanted)
  }

  @Test func aCellThatIsDownGivesLittleMoreThanTheID() {
    #expect(NovaServer(["id": "s1"])?.status == "UNKNOWN")
  }

  @Test func theFaultIsInNovasWords() {
    let server = Self.server(["status": "ERROR", "fault": ["code": 500, "message": "No valid host was found. "]])
    #expect(server.machineStatus == .error("No valid host was found."))
  }

  @Test func theAddressThatWasAskedForComesFirst() {
    let addresses: JSON = [
      "b": [Self.address("fd00::1", version: 6), Self.address("10.0.1.5")], "a": [Self.address("10.0.0.5")],
    ]
    func metadata(_ more: [String: JSON]) -> JSON { .object(more) }
    #expect(Self.server(["addresses": addresses]).addresses == ["10.0.0.5", "10.0.1.5", "fd00::1"])
    #expect(
      Self.server(["addresses": addresses, "metadata": ["stackmake_address": "10.0.1.5"]]).addresses
        == ["10.0.1.5", "10.0.0.5", "fd00::1"])
    let floating: JSON = ["a": [Self.address("10.0.0.5"), Self.address("203.0.113.9", "floating")]]
    #expect(Self.server(["addresses": floating]).addresses == ["203.0.113.9", "10.0.0.5"])
    // Nova learns of it later.
    #expect(
      Self.server(["addresses": addresses, "metadata": ["stackmake_floating": "203.0.113.9"]]).addresses.first
        == "203.0.113.9")
    #expect(Self.server(["addresses": [:], "metadata": ["stackmake_floating": "203.0.113.9"]]).addresses == [])
  }

  // MARK: - Requests

  private static let spec = MachineSpec(
    tag: MachineTag(cluster: "c1", server: "web-1", generation: 2), name: "lab-web-1", hostname: "web-1",
    resolved: ResolvedMachine(
      name: "web-1", imageID: "i1", imageChecksum: "", flavorID: "f1", zones: ["az1", "az2"],
      network: ResolvedNetwork(id: "n1")),
    userData: "#cloud-config\n", metadata: ["role": "web"])
  private static let port = NeutronPort([
    "id": "p1", "network_id": "n1", "name": "stackmake-c1-web-1",
    "fixed_ips": [["ip_address": "fd00::5"], ["ip_address": "10.0.0.5"]],
  ])!

  @Test func theCreationSaysWhoseItIs() {
    let parts = ServerParts(ports: [Self.port], floating: "203.0.113.9", keyPair: "stackmake-c1", serverGroup: "g1")
    let body = ServerRequest.create(Self.spec, ClusterMark(cluster: "c1"), parts)
    #expect(
      body == [
        "server": [
          "name": "lab-web-1", "imageRef": "i1", "flavorRef": "f1", "networks": [["port": "p1"]],
          "user_data": "I2Nsb3VkLWNvbmZpZwo=", "config_drive": true, "key_name": "stackmake-c1",
          "description": "web-1 of stackmake cluster c1, generation 2", "availability_zone": "az2",
          "tags": ["stackmake", "sm-c-c1", "sm-t-server.web-1", "sm-g-2"],
          "metadata": [
            "role": "web", "stackmake_cluster": "c1", "stackmake_server": "web-1", "stackmake_generation": "2",
            "stackmake_address": "10.0.0.5", "stackmake_floating": "203.0.113.9",
          ],
        ], "os:scheduler_hints": ["group": "g1"],
      ])
  }

  @Test func aVolumeTakesTheImagesPlace() {
    var spec = Self.spec
    spec.resolved.volume = 40
    let body = ServerRequest.create(spec, ClusterMark(cluster: "c1"), ServerParts(ports: [Self.port]))
    #expect(body["server"]?["imageRef"] == nil)
    #expect(
      body["server"]?["block_device_mapping_v2"] == [
        [
          "boot_index": 0, "source_type": "image", "destination_type": "volume", "delete_on_termination": true,
          "uuid": "i1", "volume_size": 40,
        ]
      ])
  }

  @Test(arguments: [(1, "az1"), (2, "az2"), (3, "az1"), (4, "az2")])
  func eachAttemptTakesTheNextZone(_ generation: Int, _ zone: String) {
    var spec = Self.spec
    spec.tag.generation = generation
    #expect(ServerRequest.zone(spec) == zone)
  }

  @Test func aRebuildBringsItsGenerationAlong() {
    let body = ServerRequest.rebuild(
      Self.spec, ClusterMark(cluster: "c1"), ServerAddresses(fixed: "10.0.0.5", floating: nil))
    #expect(
      body["rebuild"]?["metadata"] == [
        "role": "web", "stackmake_cluster": "c1", "stackmake_server": "web-1", "stackmake_generation": "2",
        "stackmake_address": "10.0.0.5",
      ])
    #expect(body["rebuild"]?["user_data"] == "I2Nsb3VkLWNvbmZpZwo=")
  }

  @Test func tagsAreWhatNovaTakes() {
    let tag = MachineTag(cluster: "c1", server: String(repeating: "x", count: 63), generation: 1)
    #expect(
      ClusterMark(cluster: "c1").tags(tag).allSatisfy { $0.count <= 60 && !$0.contains("/") && !$0.contains(",") })
  }

  @Test(arguments: [
    ("stackmake-c1-web-1", "web-1", 0), ("stackmake-c1-web-1.2", "web-1", 1), ("stackmake-c1-a.3", "a", 2),
  ])
  func portsAreFoundByTheirNames(_ name: String, _ server: String, _ index: Int) throws {
    let mark = ClusterMark(cluster: "c1")
    let port = try #require(mark.port(name))
    #expect(port.server == server)
    #expect(port.index == index)
    #expect(mark.portName(server, index) == name)
    #expect(ClusterMark(cluster: "c2").port(name) == nil)
  }

  @Test func hostKeysCountOnlyBelowTheBootLine() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyN9dHmvXfRpJRdy/Nk9Yo7cDZZAkD9eBhSuBNJZYYS"
    let block = "-----BEGIN SSH HOST KEY KEYS-----\n\(key) root@x\n-----END SSH HOST KEY KEYS-----\n"
    let line = UserData.bootLine(Self.spec.tag)
    #expect(ConsoleHostKeys.parse("[ 1.0] \(line)\nx\n\(block)", after: line)?.count == 1)
    // Those of the disk before.
    #expect(ConsoleHostKeys.parse("\(block)\(line)\n", after: line) == nil)
    #expect(ConsoleHostKeys.parse(block, after: line) == nil)
    #expect(ConsoleHostKeys.parse("\(line)\n\(block)\(line)\n", after: line) == nil)
  }
}

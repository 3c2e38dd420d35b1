import Support
import Testing

@testable import Targets

/// What a layout asks for against what a cloud has: every problem at once, in words that say what to do.
@Suite struct OfferTests {
  private static func image(_ name: String, _ more: [String: JSON] = [:]) -> OfferedImage {
    let json: [String: JSON] = [
      "id": .string("id-of-\(name)"), "name": .string(name), "status": "active", "os_hash_value": "abc",
      "updated_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z", "min_disk": 1, "min_ram": 256,
    ]
    return OfferedImage(.object(json.merging(more) { $1 }))!
  }

  private static func flavor(_ name: String, ram: Int, disk: Int) -> OfferedFlavor {
    OfferedFlavor([
      "id": .string("id-of-\(name)"), "name": .string(name), "vcpus": 1, "ram": .number(Double(ram)),
      "disk": .number(Double(disk)),
    ])!
  }

  private static func network(_ name: String, external: Bool = false, subnets: Int = 1) -> OfferedNetwork {
    OfferedNetwork([
      "id": .string("id-of-\(name)"), "name": .string(name), "router:external": .bool(external),
      "subnets": .array((0..<subnets).map { .string("s\($0)") }),
    ])!
  }

  private static func group(_ name: String, _ rule: JSON) -> SecurityRules {
    SecurityRules(["id": .string("id-of-\(name)"), "name": .string(name), "security_group_rules": [rule]])
  }

  private static let ssh: JSON = [
    "direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22,
  ]

  static let offer: Offer = {
    var offer = Offer()
    offer.images = [
      "debian-12": [image("debian-12")],
      "twice": [
        image("twice", ["id": "old", "created_at": "2025-01-01T00:00:00Z"]),
        image("twice", ["id": "new", "created_at": "2026-01-01T00:00:00Z"]),
      ],
      "os_distro=ubuntu": [
        image("u24", ["os_version": "24.04"]),
        image("u9", ["os_version": "9.10", "created_at": "2026-06-01T00:00:00Z"]),
      ],
      "queued": [image("queued", ["status": "queued"])],
      "large": [image("large", ["min_ram": 4096, "min_disk": 40])],
      "debain-12": [], "os_distro=none": [],
    ]
    offer.imageNames = ["debian-12", "twice", "large"]
    offer.flavors = [flavor("m1.small", ram: 2048, disk: 20), flavor("m1.none", ram: 2048, disk: 0)]
    offer.zones = ["az1", "az2"]
    offer.networks = [
      network("private"), network("extra"), network("bare", subnets: 0), network("public", external: true),
    ]
    offer.securityGroups = [
      group("open", ssh),
      group("web", ["direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80]),
    ]
    return offer
  }()

  private static func want(
    image: String = "debian-12", flavor: String = "m1.small", zone: String? = nil, network: String? = "private",
    groups: [String]? = nil, volume: String? = nil, floating: String? = nil, spread: String? = nil
  ) -> MachineWant {
    MachineWant(
      name: "a", image: image, flavor: flavor, zone: zone, network: network, securityGroups: groups, volume: volume,
      floating: floating, spread: spread.map { MachineWant.Spread(group: "a", policy: $0) })
  }

  @Test func whatIsThereResolves() throws {
    let want = Self.want(
      zone: "az2,az1", network: "private,extra", groups: ["open"], volume: "40", floating: "yes", spread: "hard")
    let resolution = OfferResolver(offer: Self.offer).resolve([want])
    #expect(resolution.problems == [])
    let machine = try #require(resolution.resolved.first)
    #expect(machine.imageID == "id-of-debian-12")
    #expect(machine.imageChecksum == "abc 2026-01-01T00:00:00Z")
    #expect(machine.flavorID == "id-of-m1.small")
    #expect(machine.zones == ["az2", "az1"])
    #expect(machine.network.id == "id-of-private")
    #expect(machine.extraNetworks.map(\.id) == ["id-of-extra"])
    #expect(machine.securityGroupIDs == ["id-of-open"])
    #expect(machine.floatingNetworkID == "id-of-public")
    #expect(machine.volume == 40)
    #expect(machine.spread?.policy == "hard")
  }

  struct Choice: Sendable, CustomTestStringConvertible {
    var image: String
    var id: String
    var notes: [String]
    var testDescription: String { image }
  }

  @Test(arguments: [
    Choice(image: "twice", id: "new", notes: ["of 2 images for `twice` the newest is taken: twice (new)"]),
    // By version, not by age, and 24 after 9.
    Choice(
      image: "os_distro=ubuntu", id: "id-of-u24",
      notes: ["of 2 images for `os_distro=ubuntu` the newest is taken: u24 (id-of-u24)"]),
    Choice(image: "debian-12", id: "id-of-debian-12", notes: []),
  ])
  func theNewestOfSeveralImages(_ choice: Choice) {
    let resolution = OfferResolver(offer: Self.offer).resolve([Self.want(image: choice.image)])
    #expect(resolution.resolved.map(\.imageID) == [choice.id])
    #expect(resolution.notes == choice.notes)
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var want: MachineWant
    var setting: String
    var message: String
    var hint: String?
    var testDescription: String { message }
  }

  @Test(arguments: [
    Wrong(
      want: want(image: "debain-12"), setting: "image", message: "no image called `debain-12`",
      hint: "did you mean `debian-12`?"),
    Wrong(
      want: want(image: "os_distro=none"), setting: "image", message: "no image has `os_distro=none`",
      hint: "there are `debian-12`, `large`, `twice`"),
    Wrong(
      want: want(image: "queued"), setting: "image", message: "image `queued` is queued, not active",
      hint: "wait until it is uploaded, or take another"),
    Wrong(
      want: want(image: ""), setting: "image", message: "no image is named",
      hint: "set `image = NAME` in the Stackfile: `debian-12`, `large`, `twice`"),
    Wrong(
      want: want(flavor: "m1.smal"), setting: "flavor", message: "no flavor called `m1.smal`",
      hint: "did you mean `m1.small`?"),
    Wrong(
      want: want(flavor: ""), setting: "flavor", message: "no flavor is named",
      hint: "set `flavor = NAME` in the Stackfile: `m1.none`, `m1.small`"),
    Wrong(want: want(zone: "az3"), setting: "zone", message: "no zone called `az3`", hint: "did you mean `az1`?"),
    Wrong(
      want: want(network: "privat"), setting: "network", message: "no network called `privat`",
      hint: "did you mean `private`?"),
    Wrong(
      want: want(network: nil), setting: "network", message: "no network is named, and there are several",
      hint: "set `network = NAME` in the Stackfile: `extra`, `private`"),
    Wrong(
      want: want(network: "bare"), setting: "network", message: "network `bare` has no subnet",
      hint: "a server there would have no address"),
    Wrong(
      want: want(groups: ["opn"]), setting: "security-group", message: "no security group called `opn`",
      hint: "did you mean `open`?"),
    Wrong(
      want: want(groups: ["web"]), setting: "security-group", message: "no rule of `web` lets SSH in",
      hint: "add a rule for TCP port 22, or leave `security-group` out: the cluster then makes a group of its own"),
    Wrong(
      want: want(floating: "pubic"), setting: "floating", message: "no external network called `pubic`",
      hint: "did you mean `public`?"),
    Wrong(
      want: want(volume: "big"), setting: "volume", message: "`volume=big` is no size", hint: "give GiB: `volume=40`"),
    Wrong(
      want: want(spread: "wide"), setting: "spread", message: "`spread=wide` is neither `hard` nor `soft`",
      hint: "hard: never two of the group on one host; soft: where it can be"),
  ])
  func eachProblem(_ wrong: Wrong) {
    let resolution = OfferResolver(offer: Self.offer).resolve([wrong.want])
    #expect(
      resolution.problems == [
        CloudProblem(servers: ["a"], setting: wrong.setting, message: wrong.message, hint: wrong.hint)
      ])
    #expect(resolution.resolved.isEmpty)
  }

  @Test func everyProblemAtOnceAndTheSameOneOnce() {
    var other = Self.want(image: "debain-12", flavor: "x", zone: "az9")
    other.name = "b"
    let problems = OfferResolver(offer: Self.offer).resolve([Self.want(image: "debain-12"), other]).problems
    #expect(problems.map(\.setting) == ["image", "flavor", "zone"])
    #expect(problems.map(\.servers) == [["a", "b"], ["b"], ["b"]])
  }

  @Test func imagesMustFitTheirFlavors() {
    func messages(_ want: MachineWant) -> [String] {
      OfferResolver(offer: Self.offer).resolve([want]).problems.map(\.message)
    }
    #expect(
      messages(Self.want(image: "large")) == [
        "flavor `m1.small` has 2048 MiB of memory, and image `large` needs 4096",
        "flavor `m1.small` has a disk of 20 GiB, and image `large` needs 40",
      ])
    // A disk of 0 is as large as the image; a volume has a size of its own.
    #expect(messages(Self.want(image: "large", flavor: "m1.none")).count == 1)
    #expect(messages(Self.want(image: "large", volume: "40")).count == 1)
    #expect(
      messages(Self.want(image: "large", flavor: "m1.none", volume: "10")).last
        == "a volume of 10 GiB is too small for image `large`, which needs 40")
  }

  @Test(arguments: [
    ("debian-12", ImageQuery.name("debian-12")),
    ("cc9f620f-bfc8-4cde-82ea-af989c25bd8c", .id("cc9f620f-bfc8-4cde-82ea-af989c25bd8c")),
    ("os_version=12, os_distro=debian", .properties(["os_distro": "debian", "os_version": "12"])),
    ("a name with = in it", .name("a name with = in it")),
  ])
  func imagesAreNamedInThreeWays(_ text: String, _ query: ImageQuery) {
    #expect(ImageQuery(text) == query)
    #expect(ImageQuery(query.text) == query)
  }

  @Test(arguments: [
    ("9", "10", true), ("22.04", "24.04", true), ("24.04", "22.04", false), ("12", "12", false), ("12", "12.1", true),
    ("", "1", true), ("1.a", "1.b", true),
  ])
  func versionsAreCountedAsPeopleCount(_ a: String, _ b: String, _ isBefore: Bool) {
    #expect(VersionOrder.isBefore(a, b) == isBefore)
  }

  @Test(arguments: [
    (#"{"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}"#, true),
    (#"{"direction": "ingress", "protocol": "tcp", "port_range_min": 1, "port_range_max": 65535}"#, true),
    (#"{"direction": "ingress", "protocol": null, "port_range_min": null, "port_range_max": null}"#, true),
    (#"{"direction": "ingress", "protocol": "6"}"#, true),
    (#"{"direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 443}"#, false),
    (#"{"direction": "ingress", "protocol": "udp"}"#, false), (#"{"direction": "egress", "protocol": "tcp"}"#, false),
    // Its own members only.
    (#"{"direction": "ingress", "protocol": null, "remote_group_id": "g"}"#, false),
  ])
  func whoLetsSSHIn(_ rule: String, _ admits: Bool) throws {
    #expect(Self.group("g", try #require(JSON(bytes: Array(rule.utf8)))).admitsSSH == admits)
  }

  @Test func theQuotaIsComparedWithWhatIsMissing() throws {
    let machines = OfferResolver(offer: Self.offer).resolve([Self.want(floating: "yes")]).resolved
    func problems(_ absolute: JSON, _ neutron: JSON?) -> [String] {
      let quota = Quota(nova: ["limits": ["absolute": absolute]], neutron: neutron)
      return QuotaCheck.problems(machines, Self.offer, quota).map(\.message)
    }
    let enough: JSON = [
      "maxTotalInstances": 10, "totalInstancesUsed": 9, "maxTotalCores": -1, "maxTotalRAMSize": 4096,
      "totalRAMUsed": 2048,
    ]
    #expect(problems(enough, nil) == [])
    let short: JSON = [
      "maxTotalInstances": 10, "totalInstancesUsed": 10, "maxTotalCores": 0, "maxTotalRAMSize": 4096,
      "totalRAMUsed": 2049,
    ]
    let neutron: JSON = ["quota": ["port": ["limit": 5, "used": 5], "floatingip": ["limit": 1, "used": 1]]]
    #expect(
      problems(short, neutron) == [
        "quota of servers: 1 more needed, 10 of 10 used",
        "quota of cores: 1 more needed, 0 of 0 used",
        "quota of MiB of memory: 2048 more needed, 2049 of 4096 used",
        "quota of ports: 1 more needed, 5 of 5 used",
        "quota of floating addresses: 1 more needed, 1 of 1 used",
      ])
    #expect(QuotaCheck.problems([], Self.offer, Quota(nova: ["limits": ["absolute": short]], neutron: neutron)).isEmpty)
  }

  @Test(arguments: [
    (#"{"direction":"ingress","protocol":"udp","port_range_min":4790,"port_range_max":4790}"#, true),
    (
      #"{"direction":"ingress","protocol":"17","port_range_min":4000,"port_range_max":5000,"remote_ip_prefix":"10.0.0.0/8"}"#,
      true
    ),
    (#"{"direction":"ingress","protocol":null,"remote_group_id":"id-of-g"}"#, true),
    (#"{"direction":"ingress","protocol":"udp","remote_group_id":"id-of-other"}"#, false),
    (#"{"direction":"ingress","protocol":"udp","port_range_min":4789,"port_range_max":4789}"#, false),
    (#"{"direction":"ingress","protocol":"tcp"}"#, false),
    (#"{"direction":"egress","protocol":"udp"}"#, false),
  ]) func groupsLetTheOverlayIn(rule: String, admits: Bool) throws {
    var offer = Self.offer
    offer.securityGroups.append(Self.group("g", try #require(JSON(bytes: Array(rule.utf8)))))
    var want = Self.want(groups: ["open", "g"])
    want.overlayPort = 4790
    let resolution = OfferResolver(offer: offer).resolve([want])
    #expect(
      resolution.problems.map(\.message)
        == (admits ? [] : ["no rule of `open`, `g` lets the overlay's UDP port 4790 in"]))
    want.overlayPort = nil
    #expect(OfferResolver(offer: offer).resolve([want]).problems == [])
  }

  /// The cluster's own group lets in all that its servers send.
  @Test func aGroupOfOurOwnLetsTheOverlayIn() {
    var want = Self.want()
    want.overlayPort = 4790
    #expect(OfferResolver(offer: Self.offer).resolve([want]).problems == [])
  }

  @Test func theUsersKeyPairIsThereOrNot() {
    var offer = Self.offer
    offer.keyPairs = ["mine": "ssh-ed25519 AAAA me", "gone": nil]
    var want = Self.want()
    want.keyPair = "mine"
    let resolution = OfferResolver(offer: offer).resolve([want])
    #expect(resolution.resolved.first?.keyPair == ResolvedKeyPair(name: "mine", publicKey: "ssh-ed25519 AAAA me"))
    want.keyPair = "gone"
    #expect(OfferResolver(offer: offer).resolve([want]).problems.map(\.message) == ["no key pair called `gone`"])
  }
}

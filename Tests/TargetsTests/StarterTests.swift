import StackMake
import Support
import Testing

@testable import Targets

/// The first Stackfile: what is taken of what a cloud has, and the text of it.
@Suite struct StarterTests {
  private static func menu(
    images: [String] = ["debian-12", "debian-13", "ubuntu-24.04", "cirros"], networks: [String] = ["private"],
    flavors: [CloudMenu.Flavor] = [
      CloudMenu.Flavor(name: "m1.tiny", cores: 1, memory: 512, disk: 1),
      CloudMenu.Flavor(name: "m1.small", cores: 1, memory: 2048, disk: 20),
      CloudMenu.Flavor(name: "m1.medium", cores: 2, memory: 4096, disk: 40),
      CloudMenu.Flavor(name: "m1.large", cores: 4, memory: 8192, disk: 80),
    ]
  ) -> CloudMenu {
    CloudMenu(
      images: images.map { CloudMenu.Image(name: $0, distro: ImageDistro(name: $0)) }, flavors: flavors,
      networks: networks)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var pack: StarterPack
    var images = ["debian-12", "debian-13", "ubuntu-24.04", "cirros"]
    var image: String
    var flavors: [String]
    var testDescription: String { "\(pack.rawValue) of \(images)" }
  }

  @Test(arguments: [
    Case(pack: .plain, image: "debian-13", flavors: ["m1.small", "m1.small"]),
    Case(
      pack: .plain, images: ["rocky-9", "ubuntu-9.10", "ubuntu-24.04"], image: "ubuntu-24.04",
      flavors: ["m1.small", "m1.small"]),
    Case(pack: .plain, images: ["debian-12-old", "debian-12"], image: "debian-12", flavors: ["m1.small", "m1.small"]),
    Case(pack: .plain, images: ["cirros"], image: "cirros", flavors: ["m1.small", "m1.small"]),
    Case(pack: .devstack, image: "debian-13", flavors: ["m1.large", "m1.medium"]),
    Case(
      pack: .devstack, images: ["debian-11", "jammy", "noble"], image: "noble", flavors: ["m1.large", "m1.medium"]),
    Case(
      pack: .openstackDebian, images: ["noble", "debian-12"], image: "debian-12", flavors: ["m1.medium", "m1.small"]),
  ])
  func takes(_ test: Case) throws {
    let choice = try StarterChoice(Self.menu(images: test.images), for: test.pack)
    #expect(choice.image == test.image)
    #expect([choice.flavor, choice.computeFlavor] == test.flavors)
    #expect(choice.network == nil)
    #expect(choice.computes == 2)
  }

  @Test func anImageThatNeedsMoreTakesALargerFlavor() throws {
    var menu = Self.menu(images: ["debian-12"])
    menu.images.append(
      CloudMenu.Image(name: "large", distro: nil, minimumMemory: 4096, minimumDisk: 40))
    var choice = try StarterChoice(menu, for: .plain)
    try choice.take(image: "large", menu, .plain)
    #expect([choice.image, choice.flavor, choice.computeFlavor] == ["large", "m1.medium", "m1.medium"])
  }

  /// Where no flavor is enough the largest is taken; a disk of 0 is as large as the image.
  @Test func theLargestOfSmallFlavors() throws {
    let flavors = [
      CloudMenu.Flavor(name: "a", cores: 1, memory: 512, disk: 0), CloudMenu.Flavor(name: "b", memory: 1024, disk: 0),
    ]
    let choice = try StarterChoice(Self.menu(flavors: flavors), for: .devstack)
    #expect([choice.flavor, choice.computeFlavor] == ["b", "b"])
  }

  @Test(arguments: [
    (StarterPack.plain, Self.menu(images: []), "choose an image: there is none"),
    (.plain, Self.menu(flavors: []), "choose a flavor: there is none"),
    (
      .openstackDebian, Self.menu(images: ["noble"]),
      "choose an image: the pack `openstack-debian` runs on bookworm, trixie, and there is only `noble`"
    ),
  ])
  func cannot(_ pack: StarterPack, _ menu: CloudMenu, _ text: String) {
    do {
      _ = try StarterChoice(menu, for: pack)
      Issue.record("a choice was made")
    } catch {
      #expect(error.description.hasPrefix(text), "\(error)")
      #expect(error.hint != nil)
    }
  }

  private static let rich: CloudMenu = {
    var menu = StarterTests.menu(networks: ["lab", "private"])
    menu.zones = ["az1", "az2"]
    menu.externalNetworks = ["public"]
    menu.keyPairs = ["mine"]
    return menu
  }()

  @Test func theTextOfARichCloud() throws {
    let choice = try StarterChoice(Self.rich, for: .plain, computes: 3)
    let text = StarterText(cloud: "lab", menu: Self.rich, pack: .plain, choice: choice).text
    #expect(
      text == """
        # What this cluster is made of. `stackmake -n` says what would be done and why, `stackmake` does it,
        # `stackmake clean` takes all of it down again.

        # An entry of clouds.yaml. `cloud = local` makes the servers on this host.
        cloud = lab

        # What servers are made of where the layout doesn't say otherwise.
        # Images: debian-12, debian-13, ubuntu-24.04, cirros
        image = debian-13
        # Flavors: m1.tiny (512 MiB, 1 core, 1 GiB), m1.small (2048 MiB, 1 core, 20 GiB), m1.medium (4096 MiB, 2 cores, 40 GiB), m1.large (8192 MiB, 4 cores, 80 GiB)
        flavor = m1.small
        # Networks: lab, private. Several, with commas between: the first is reached.
        network = lab

        # Zones: az1, az2. Without one the cloud chooses.
        # zone = az1
        # An address from outside (of public) for each server.
        # floating = yes
        # A key pair of yours instead of one that is made for the cluster: mine
        # key_pair = mine
        # How long all of it is meant to be there, from its first server on. `stackmake status` tells when it ends,
        # `stackmake gc --expired --yes` takes down what is past its end.
        # expire = 3d

        # Every server reaches every other by its name, by ssh and without a password.
        ssh-mesh:

        # The servers: `count=3` makes compute-1 to compute-3. Settings on a line are that line's alone.
        layout:
            controller
            compute count=3

        # A recipe for each server, which runs there as its user. What has run runs again only when it changes.
        configured/%: ssh-mesh
            echo "{{ server }} of {{ cluster }} is {{ ip }}" > about

        # When all of them are configured, one more on the controller.
        verified: configured/*
            on controller
            for server in {{ hostnames * }}; do ssh -n "$server" cat about; done

        """)
  }

  /// What is written can be read, says what was chosen, and is laid out as `fmt` would.
  @Test(arguments: StarterPack.allCases, [0, 1, 3])
  func theProgramTakesIt(_ pack: StarterPack, _ computes: Int) throws {
    for (cloud, menu) in [("lab", Self.rich), ("local", LocalCatalog.menu)] {
      let choice = try StarterChoice(menu, for: pack, computes: computes)
      let text = StarterText(cloud: cloud, menu: menu, pack: pack, choice: choice).text
      let files = InMemoryFileSystem(texts: ["Stackfile": text])
      let result = Loader(
        fileSystem: PackFileSystem(.builtIn, over: files), dialect: .stack(cluster: "lab"),
        packs: Packs.builtIn.stackfiles
      ).load("Stackfile")
      let graph = try #require(
        result.graph, "\(DiagnosticRenderer(sources: result.sources).render(result.diagnostics))")
      #expect(graph.places.map(\.name) == ["controller"] + (0..<computes).map { "compute-\($0 + 1)" })
      #expect(graph.places.allSatisfy { $0.settings["image"] == choice.image })
      #expect(graph.places.first?.settings["flavor"] == choice.flavor)
      #expect(graph.places.dropFirst().allSatisfy { $0.settings["flavor"] == choice.computeFlavor })
      let formatted = StackfileFormatter.format(
        SourceFile(path: "Stackfile", bytes: Array(text.utf8), origin: .user), number: 0)
      #expect(formatted.0 == Array(text.utf8))
    }
  }

  @Test func whatAnOpenStackHas() async throws {
    let services = FakeServices { request, number in
      if request.url.hasSuffix("/auth/tokens") { return .success(FakeServices.token(number)) }
      let path = "/" + request.url.split(separator: "/").dropFirst(2).joined(separator: "/").prefix { $0 != "?" }
      let body: JSON
      switch path {
      case "/v2.1":
        body = ["version": ["id": "v2.1", "status": "CURRENT", "min_version": "2.1", "version": "2.93"]]
      case "/v2.1/flavors/detail":
        body = [
          "flavors": [
            ["id": "f2", "name": "large", "vcpus": 4, "ram": 8192, "disk": 80],
            ["id": "f1", "name": "two words", "vcpus": 1, "ram": 2048, "disk": 20],
          ]
        ]
      case "/v2.1/os-availability-zone":
        body = [
          "availabilityZoneInfo": [
            ["zoneName": "az1", "zoneState": ["available": true]],
            ["zoneName": "az2", "zoneState": ["available": false]],
          ]
        ]
      case "/v2.1/os-keypairs": body = ["keypairs": [["keypair": ["name": "mine", "public_key": "ssh-ed25519 AAAA"]]]]
      case "/v2.0/networks":
        body = [
          "networks": [
            ["id": "n1", "name": "private", "subnets": ["s"]], ["id": "n2", "name": "twice", "subnets": ["s"]],
            ["id": "n3", "name": "twice", "subnets": ["s"]], ["id": "n4", "name": "bare", "subnets": []],
            ["id": "n5", "name": "public", "subnets": ["s"], "router:external": true],
          ]
        ]
      case "/v2/images":
        body = [
          "images": [
            [
              "id": "i1", "name": "debian-12", "status": "active", "min_ram": 512, "created_at": "2025-01-01T00:00:00Z",
            ],
            [
              "id": "i2", "name": "debian-12", "status": "active", "min_ram": 768, "created_at": "2026-01-01T00:00:00Z",
            ],
            ["id": "i3", "name": "queued", "status": "queued"],
          ]
        ]
      default: return .success(HTTPResponse(404))
      }
      return .success(HTTPResponse(200, body: body.bytes))
    }
    let tokens = TokenSource(.sample(), http: services, now: services.now)
    let cloud = OpenStackCloud(ServiceClient(.sample(), http: services, tokens: tokens), clock: JumpingClock())
    let menu = try await cloud.menu()
    #expect(
      menu.images == [CloudMenu.Image(name: "debian-12", distro: ImageDistro(name: "debian-12"), minimumMemory: 768)])
    #expect(menu.flavors.map(\.name) == ["f1", "large"])
    #expect(menu.networks == ["n2", "n3", "private"])
    #expect(menu.externalNetworks == ["public"])
    #expect(menu.zones == ["az1"])
    #expect(menu.keyPairs == ["mine"])
    #expect(try StarterChoice(menu, for: .plain).network == "n2")
  }
}

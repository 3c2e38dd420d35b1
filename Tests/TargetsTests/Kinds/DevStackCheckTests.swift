import StackMake
import Support
import Testing

@testable import Targets

@Suite struct DevStackCheckTests {
  @Test(arguments: [
    ("debian-12", "bookworm"), ("Debian 12.5 (cloud)", "bookworm"), ("debian12-generic", "bookworm"),
    ("debian-13-genericcloud-amd64-20260101", "trixie"), ("debian-11", "bullseye"), ("debian-10", "debian 10"),
    ("ubuntu-24.04", "noble"), ("noble-server-cloudimg-amd64", "noble"), ("Ubuntu 22.04 LTS", "jammy"),
    ("ubuntu-22.10", "ubuntu 22.10"), ("CentOS-Stream-9", "rhel9"), ("Rocky-9-GenericCloud", "rhel9"),
    ("AlmaLinux-10.1", "rhel10"), ("rhel-9.4", "rhel9"),
    ("cirros-0.6.2", nil), ("debian-genericcloud-amd64", nil), ("debian-20240101", nil), ("ubuntu-24", nil),
    ("my image", nil), ("", nil),
  ]) func aNameSaysTheDistribution(name: String, release: String?) {
    #expect(ImageDistro(name: name)?.release == release)
  }

  @Test func propertiesCountBeforeTheName() {
    func release(_ distro: String?, _ version: String?, _ name: String) -> String? {
      var properties: [String: String] = [:]
      properties["os_distro"] = distro
      properties["os_version"] = version
      return ImageDistro(properties: properties, name: name)?.release
    }
    #expect(release("debian", "13", "debian-12") == "trixie")
    #expect(release("Ubuntu", "24.04", "golden") == "noble")
    #expect(release("rocky", "9.4", "golden") == "rhel9")
    #expect(release("debian", nil, "debian-12") == "bookworm")
    #expect(release("plan9", "4", "golden") == nil)
    #expect(release(nil, nil, "golden") == nil)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    var problem: String?
    var note: String?
    var testDescription: String { name }
  }

  static let layout = "layout:\n    web\n    db  image=debian-11\n    odd image=golden\n"
  static let stack = "stacked/web:\n    true\n"

  static let cases = [
    Case(name: "no branch", text: layout + stack),
    Case(name: "nothing is stacked", text: "branch = master\n" + layout),
    Case(name: "fine", text: "branch = stable/2026.1\n" + layout + stack),
    Case(
      name: "too old", text: "branch = stable/2026.1\n" + layout + "stacked/db:\n    true\n",
      problem: "DevStack's branch `stable/2026.1` doesn't run on debian 11"),
    Case(
      name: "too new",
      text: "branch = stable/2025.1\n" + layout.replacing("debian-11", with: "debian-13")
        + "stacked/%:\n    true\n",
      problem: "DevStack's branch `stable/2025.1` doesn't run on debian 13",
      note: "which distribution the image of odd has isn't known: DevStack may not take it"),
    Case(
      name: "forced", text: "branch = stable/2026.1\nforce_distro = yes\n" + layout + "stacked/db:\n    true\n",
      note: "DevStack's branch `stable/2026.1` doesn't run on debian 11 (db), and `force_distro` says to try"),
    Case(
      name: "unknown image", text: "branch = master\n" + layout + "stacked/odd:\n    true\n",
      note: "which distribution the image of odd has isn't known: DevStack may not take it"),
    Case(
      name: "unknown branch", text: "branch = main\n" + layout + stack,
      note: "`branch = main` is none that is known here: whether DevStack runs on these images wasn't checked"),
  ]

  @Test(arguments: cases) func checks(_ test: Case) throws {
    let graph = try Graph.stackfile("cloud = local\n" + test.text, dialect: .stack(cluster: "lab"))
    let machines = graph.places.map { place in
      ResolvedMachine(
        name: place.name, imageID: "i", imageChecksum: "", flavorID: "f", zones: [], network: ResolvedNetwork(id: "n"))
    }
    let check = DevStackCheck(graph, machines)
    #expect(check.problems.map(\.message) == [test.problem].compactMap(\.self))
    #expect(check.notes == [test.note].compactMap(\.self))
  }

  @Test func isToldWithTheNames() async throws {
    let world = try KindWorld("branch = stable/2025.1\nlayout:\n    web  image=debian-13\nstacked/web:\n    true\n")
    let error = await #expect(throws: StepError.self) {
      try await ImageValidatedKind(cluster: world.cluster).apply("validate", world.turn("image-validated"))
    }
    #expect(
      error?.description == """
        validate what the layout asks for: image-validated: DevStack's branch `stable/2025.1` doesn't run on debian 13 (web)
          hint: take an image of bookworm, jammy, noble, rhel9, or say `force_distro = yes` here and FORCE=yes in DevStack's own settings
        """)
  }

  /// The overlay's port, where there is an overlay.
  @Test(arguments: [
    ("", nil), ("overlay-net:\n    true\n", 4790), ("overlay_port = 4801\noverlay-net:\n    true\n", 4801),
  ])
  func theOverlayHasAPort(text: String, port: Int?) throws {
    let graph = try Graph.stackfile("cloud = local\nlayout:\n    web\n" + text, dialect: .stack(cluster: "lab"))
    #expect(graph.machineWants.map(\.overlayPort) == [port])
  }
}

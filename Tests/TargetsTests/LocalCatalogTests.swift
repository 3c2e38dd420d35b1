import Testing

@testable import Targets

@Suite struct LocalCatalogTests {
  let catalog = LocalCatalog(mirrors: DebianMirrors())
  let free = LocalCatalog.Capacity(maximumMachines: 4, maximumMemory: 10_000, standing: [])

  @Test func namesLeftOutAreTheUsualOnes() throws {
    let resolved = try #require(
      catalog.resolve([MachineWant(name: "a", image: "", flavor: "")], missing: [], free).resolved.first)
    #expect(resolved.imageID == "debian-12-v1")
    #expect(resolved.flavorID == "m1.small")
    #expect(resolved.zones == ["local"])
    #expect(resolved.network.id == "local")
    #expect(resolved.imageChecksum == catalog.recipe("debian-12")?.checksum)
  }

  @Test func theChecksumIsOfTheRecipe() throws {
    let other = LocalCatalog(mirrors: DebianMirrors(mirror: "http://mirror.example/debian"))
    #expect(catalog.recipe("debian-12")?.checksum != other.recipe("debian-12")?.checksum)
    #expect(catalog.recipe("debian-12")?.checksum != catalog.recipe("debian-13")?.checksum)
  }

  @Test(arguments: [
    (
      MachineWant(name: "a", image: "debain-12", flavor: "m1.tiny"), "image",
      "no image called `debain-12` on this host; there are `debian-11`, `debian-12`, `debian-13`",
      "did you mean `debian-12`?" as String?
    ),
    (
      MachineWant(name: "a", image: "debian-12", flavor: "huge"), "flavor",
      "no flavor called `huge` on this host; there are `m1.tiny`, `m1.small`, `m1.medium`, `m1.large`", nil
    ),
    (
      MachineWant(name: "a", image: "debian-12", flavor: "m1.tiny", zone: "nova"), "zone",
      "no zone called `nova` on this host; there is `local`", nil
    ),
    (
      MachineWant(name: "a", image: "debian-12", flavor: "m1.tiny", network: "loca"), "network",
      "no network called `loca` on this host; there is `local`", "did you mean `local`?"
    ),
  ])
  func anUnknownNameIsAProblem(_ want: MachineWant, _ setting: String, _ message: String, _ hint: String?) {
    let resolution = catalog.resolve([want], missing: [], free)
    #expect(resolution.resolved.isEmpty)
    #expect(resolution.problems == [CloudProblem(servers: ["a"], setting: setting, message: message, hint: hint)])
  }

  @Test func oneNameWrongInManyServersIsOneProblem() {
    let wants = ["a", "b"].map { MachineWant(name: $0, image: "x", flavor: "m1.tiny") }
    #expect(catalog.resolve(wants, missing: [], free).problems.map(\.servers) == [["a", "b"]])
  }

  @Test(arguments: [
    (["a", "b"], "m1.tiny", [String](), 0), (["a", "b", "c", "d", "e"], "m1.tiny", [], 1),
    // Those that stand are not counted again.
    (["a", "b", "c", "d"], "m1.tiny", ["a", "b", "c", "d"], 0), (["a", "b", "c", "d"], "m1.tiny", ["x"], 1),
    (["a", "b"], "m1.large", [], 1), (["a"], "m1.large", ["x"], 0), (["a", "b"], "m1.large", ["a", "b"], 0),
  ])
  func quota(_ wanted: [String], _ flavor: String, _ standing: [String], _ problems: Int) {
    var capacity = free
    capacity.standing = standing.map { .init(server: $0, memory: 512) }
    let wants = wanted.map { MachineWant(name: $0, image: "debian-12", flavor: flavor) }
    let found = catalog.resolve(wants, missing: Set(wanted).subtracting(standing), capacity).problems.filter {
      $0.setting == "quota"
    }
    #expect(found.count == problems)
  }
}

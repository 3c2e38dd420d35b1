import Foundation
import Glibc
import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

@Suite struct OverlaySettingsTests {
  @Test func whatIsNotSaidIsUsual() throws {
    let settings = try OverlaySettings([:])
    #expect("\(settings.cidr)" == "172.24.4.0/23")
    #expect(settings.port == 4790)
    #expect(settings.mtu == nil)
    #expect(settings.over == ["*"])
  }

  @Test(arguments: [
    (["overlay_cidr": "10.0.0.1/24"], "`overlay_cidr = 10.0.0.1/24` is not an IPv4 network such as `172.24.4.0/23`"),
    (["overlay_cidr": "here"], "`overlay_cidr = here` is not an IPv4 network such as `172.24.4.0/23`"),
    (["overlay_vni": "16777216"], "`overlay_vni = 16777216` is not a number from 1 to 16777215"),
    (["overlay_port": "no"], "`overlay_port = no` is not a number from 1 to 65535"),
    (["overlay_mtu": "100"], "`overlay_mtu = 100` is not a number from 576 to 9216"),
  ])
  func whatIsWrongIsSaid(_ variables: [String: String], _ text: String) {
    do throws(OverlaySettings.Problem) {
      _ = try OverlaySettings(variables)
      Issue.record("nothing is wrong with \(variables)")
    } catch {
      #expect(error.text == text)
    }
  }

  @Test(arguments: [
    ("overlay_cidr = here\n", []), ("overlay-net:\n", []),
    ("overlay_cidr = here\noverlay-net:\n", ["`overlay_cidr = here` is not an IPv4 network such as `172.24.4.0/23`"]),
    ("overlay_cidr = 10.9.0.0/30\noverlay-net:\n", ["10.9.0.0/30 has fewer addresses than there are servers (3)"]),
    ("overlay_over = db*\noverlay-net:\n", ["`overlay_over = db*` matches no server of the layout"]),
    ("overlay_cidr = 10.9.0.0/30\noverlay_over = web-[12]\noverlay-net:\n", []),
  ])
  func whatIsWrongIsKnownBeforeAnyServerIsMade(_ text: String, _ problems: [String]) throws {
    let graph = try Graph.stackfile(
      "cloud = local\nlayout:\n    web  count=3\n" + text, dialect: .stack(cluster: "lab"))
    #expect(OverlaySettings.problems(in: graph).map(\.message) == problems)
  }

  @Test func whoStaysKeepsItsAddress() throws {
    let settings = try OverlaySettings(["overlay_cidr": "10.9.0.0/29"])
    let first = try #require(settings.addresses(of: ["a", "b", "c"], earlier: [:]))
    #expect(first == ["a": "10.9.0.1", "b": "10.9.0.2", "c": "10.9.0.3"])
    // b goes, d comes: the lowest that is free.
    #expect(
      settings.addresses(of: ["a", "c", "d"], earlier: first) == ["a": "10.9.0.1", "c": "10.9.0.3", "d": "10.9.0.2"])
    // Of another network, the network's own, the broadcast address, and one that another has: all are chosen anew.
    #expect(
      settings.addresses(
        of: ["a", "b", "c", "d"],
        earlier: ["a": "10.9.1.1", "b": "10.9.0.0", "c": "10.9.0.7", "d": "10.9.0.4"])
        == ["a": "10.9.0.1", "b": "10.9.0.2", "c": "10.9.0.3", "d": "10.9.0.4"])
    #expect(settings.addresses(of: (1...6).map { "n\($0)" }, earlier: [:])?.count == 6)
    #expect(settings.addresses(of: (1...7).map { "n\($0)" }, earlier: [:]) == nil)
  }
}

@Suite struct PingMatrixTests {
  private static let addresses = ["a": "10.0.0.1", "b": "10.0.0.2", "long-name": "10.0.0.3"]

  @Test func showsWhoReachesWhom() {
    var matrix = PingMatrix(["a", "b", "long-name"])
    matrix.add("10.0.0.2 ok\n10.0.0.3 small\n", from: "a", addresses: Self.addresses)
    matrix.add("10.0.0.1 ok\n10.0.0.3 ok\n", from: "b", addresses: Self.addresses)
    matrix.add("10.0.0.1 none\nnoise\n", from: "long-name", addresses: Self.addresses)
    #expect(
      matrix.table == """
                   a     b     long-name
        a          -     ok    small
        b          ok    -     ok
        long-name  none  none  -
        """)
    #expect(
      matrix.bad.map { "\($0.from) \($0.to) \($0.answer)" } == [
        "a long-name small", "long-name a none", "long-name b none",
      ])
    #expect(matrix.count == 6)
  }
}

@Suite struct MeshScriptTests {
  @Test func everyServerHasPartners() {
    #expect(SSHMeshKind.partners(of: "b", among: ["a", "b", "c"]) == ["c", "a"])
    #expect(SSHMeshKind.partners(of: "a", among: ["a"]) == [])
    let many = (0..<40).map { "n\($0)" }
    #expect(SSHMeshKind.partners(of: "n39", among: many) == (0..<16).map { "n\($0)" })
  }

  @Test func keysAreTakenFromWhatWasPrinted() {
    #expect(
      MeshScript.keys("user ssh-ed25519 AAA me@a\nroot ssh-ed25519 BBB root@a\n")
        == MeshScript.Keys(user: "ssh-ed25519 AAA me@a", root: "ssh-ed25519 BBB root@a"))
    #expect(MeshScript.keys("user ssh-ed25519 AAA me@a\n") == nil)
    #expect(MeshScript.keys("user nothing\nroot ssh-ed25519 BBB root@a\n") == nil)
  }
}

@Suite(.timeLimit(.minutes(1))) struct OverlayScriptTests {
  /// A writer whose reader has gone ends by SIGPIPE, which fails a script: many lines follow the one that is looked for.
  @Test(arguments: ["10.0.0.5", "203.0.113.7"])
  func theUnderlayIsFoundHoweverMuchFollows(_ address: String) async throws {
    let scratch = try ScratchDirectory()
    let ip = scratch.path.appending("ip")
    try """
    #!/bin/bash
    case $* in
    *route*) echo '192.0.2.1 via 10.0.0.1 dev lo src 10.0.0.5 uid 0' ;;
    *) for number in {1..20000}; do echo "1: lo    inet 10.0.0.5/24 scope global lo"; done ;;
    esac
    """.write(toFile: ip.string, atomically: true, encoding: .utf8)
    try #require(chmod(ip.string, 0o755) == 0)
    let shell = LocalShell(
      directory: scratch.path, environment: ["PATH": "\(scratch.path):/usr/bin:/bin"],
      jobs: scratch.path.appending("jobs"))
    let output = OutputRecorder()
    let status = try await shell.run(OverlayScript.underlay(address), timeout: nil, output: output.handler)
    #expect(status == .exited(0))
    let underlay = OverlayScript.underlay(printed: output.standardOutput)
    #expect(underlay?.address == "10.0.0.5")
    #expect((underlay?.mtu ?? 0) > 0)
  }
}

@Suite struct LeavingTests {
  private static let stackfile = """
    layout:
        controller
        compute count=2
    leave/compute-%:
        on controller
        echo {{ stem }} leaves
    """

  private func leaving(_ world: KindWorld, deleted: [String], recorded: [String]) -> [String] {
    let plan = CleanPlan(
      deletions: deleted.map { CleanPlan.Deletion(machine: KindWorld.machine($0, id: "id-of-\($0)")) })
    return plan.leaving(in: world.graph, recorded: Set(recorded)).map { world.graph.name($0) }
  }

  @Test(arguments: [
    (["compute-1"], ["server/controller", "server/compute-1"], ["leave/compute-1"]),
    (["compute-2", "compute-1"], ["server/controller"], ["leave/compute-1", "leave/compute-2"]),
    // The one who would be told goes, too, or was never there.
    (["compute-1", "controller"], ["server/controller"], []), (["compute-1"], [], []),
    // Nobody has anything to say.
    (["controller"], ["server/controller"], []),
  ])
  func whoIsGivenUpSaysSo(_ deleted: [String], _ recorded: [String], _ expected: [String]) throws {
    #expect(leaving(try KindWorld(Self.stackfile), deleted: deleted, recorded: recorded) == expected)
  }

  @Test func aStrayLeavesNobody() throws {
    let world = try KindWorld(Self.stackfile)
    let plan = CleanPlan(deletions: [CleanPlan.Deletion(machine: KindWorld.machine("compute-1"), isStray: true)])
    #expect(plan.leaving(in: world.graph, recorded: ["server/controller"]).isEmpty)
  }

  @Test func noBuildRunsIt() throws {
    let world = try KindWorld(Self.stackfile)
    #expect(world.graph.goals([]).targets.allSatisfy { !world.graph.name($0).hasPrefix("leave/") })
  }
}

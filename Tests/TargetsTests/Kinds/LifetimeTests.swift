import StackMake
import Support
import Testing

@testable import Targets

/// When a cluster ends: the arithmetic, and what servers are given.
@Suite(.timeLimit(.minutes(5))) struct LifetimeTests {
  @Test(arguments: [
    ("90s", 90.0), ("45m", 2700), ("12h", 43_200), ("3d", 259_200), ("2w", 1_209_600), ("5200w", 3_144_960_000),
    ("0d", nil), ("d", nil), ("", nil), ("3", nil), ("-3d", nil), ("1.5d", nil), ("3 d", nil), ("3D", nil),
    ("3y", nil), ("5300w", nil), ("99999999999d", nil), ("٣d", nil),
  ])
  func lengths(_ text: String, _ seconds: Double?) {
    #expect(Lifetime(text)?.seconds == seconds)
    #expect(Lifetime(text).map(\.text) == (seconds == nil ? nil : text))
  }

  @Test(arguments: [
    ([], nil), ([5.0], 5.0), ([5, 9, 7], 9), ([5, nil], nil), ([nil], nil),
  ])
  func theEndOfSeveral(_ ends: [Double?], _ end: Double?) {
    #expect(ClusterEnd.of(ends) == end)
  }

  @Test(arguments: [
    // Nothing stands: it begins now, whatever was before.
    (nil, [], 50), (10.0, [], 50),
    // What is on record counts, as long as anything stands.
    (10, [20.0, 30], 10),
    // `expire` was written down later: since the first of those that stand. Just made ones have no time yet.
    (nil, [30, 20], 20), (nil, [0, 20], 20), (nil, [0], 50),
  ])
  func theBeginning(_ recorded: Double?, _ created: [Double], _ beginning: Double) {
    #expect(ClusterEnd.beginning(recorded: recorded, created: created, now: 50) == beginning)
  }

  @Test(arguments: [
    (1_796_126_400.0, 1_795_942_800.0, "ends in 2 d 03 h, at 2026-12-01T12:00:00Z"),
    (1_796_126_400.4, 1_796_126_390, "ends in 10 s, at 2026-12-01T12:00:01Z"),
    (1_796_126_400, 1_796_126_400, "ended 0.0 s ago, at 2026-12-01T12:00:00Z"),
    (1_796_126_400, 1_796_137_200, "ended 3 h 00 min ago, at 2026-12-01T12:00:00Z"),
  ])
  func words(_ end: Double, _ now: Double, _ text: String) {
    #expect(ClusterEnd.text(end, now: now) == text)
    #expect(Timestamp.seconds(ClusterEnd.stamp(end)) == end.rounded(.up))
  }

  private static func machine(_ cluster: String, _ server: String, end: Double?) -> Machine {
    var machine = KindWorld.machine(server, id: "\(cluster)-\(server)")
    machine.tag.cluster = cluster
    machine.expiresAt = end
    return machine
  }

  @Test func aClusterIsPastItsEndWhenAllOfItIs() {
    let machines = [
      Self.machine("late", "a", end: 90), Self.machine("late", "b", end: 100),
      Self.machine("half", "a", end: 90), Self.machine("half", "b", end: 101),
      Self.machine("kept", "a", end: 90), Self.machine("kept", "b", end: nil),
      Self.machine("older", "web", end: 10), Self.machine("none", "a", end: nil),
    ]
    let expired = ExpiredCluster.all(machines.reversed(), now: 100)
    #expect(expired.map(\.id) == ["older", "late"])
    #expect(expired.map(\.end) == [10, 100])
    #expect(expired.map(\.name) == ["lab", "lab"])
    #expect(expired.last?.machines.map(\.name) == ["lab-a", "lab-b"])
  }

  // MARK: - Servers

  private func boot(_ world: KindWorld, _ server: String) async throws {
    let turn = world.turn("server/\(server)")
    try await ServerKind(cluster: world.cluster).apply("create", turn)
  }

  /// The end doesn't depend on when a server is made, and moves with the beginning alone.
  @Test func allServersHaveOneEnd() async throws {
    let world = try KindWorld("layout:\n    web\n    db\n", lifetime: Lifetime("1m"))
    world.time.advance(by: 995)
    try await boot(world, "web")
    world.time.advance(by: 30)
    try await boot(world, "db")
    #expect(world.machines.map(\.expiresAt) == [1060, 1060])
    #expect(world.store.registers(prefix: "cluster/began") == ["cluster/began": "1000.0"])
  }

  @Test func anotherLifetimeIsGivenInPlace() async throws {
    let before = try KindWorld("layout:\n    web\n")
    let trace = before.trace("server/web", outputs: KindWorld.outputs())
    let world = try KindWorld("layout:\n    web\n", lifetime: Lifetime("1m"))
    world.stand(KindWorld.machine("web"))
    let kind = ServerKind(cluster: world.cluster)
    let observation = Observation(values: ["id": "id-1", "generation": "1"])
    let turn = world.turn("server/web", trace: trace, observation: observation)
    var situation = turn.situation
    situation.reasons = Staleness.reasons(
      world.manifest("server/web"), trace: trace, drift: nil, failure: nil, unfinishedStep: nil, isForced: false)
    #expect(situation.reasons == [.changed(key: "in-place setting expire", old: nil, new: "1m")])
    #expect(kind.decide(situation) == .run([.act("update")]))
    try await kind.apply("update", turn)
    // It was made at 1.
    #expect(world.machines.map(\.expiresAt) == [61])
  }

  @Test func whatOpenStackIsTold() {
    let mark = ClusterMark(cluster: "c1")
    let tag = MachineTag(cluster: "c1", server: "web", generation: 1)
    let metadata = mark.metadata(tag, ServerAddresses(fixed: "10.0.0.1"), [:], expiresAt: 1_796_126_400)
    #expect(metadata["stackmake_expires"] == "2026-12-01T12:00:00Z")
    #expect(mark.metadata(tag, ServerAddresses(fixed: "10.0.0.1"), [:])["stackmake_expires"] == nil)
    let server = NovaServer([
      "id": "s1", "name": "lab-web", "status": "ACTIVE",
      "metadata": .object(metadata.mapValues { .string($0) }),
    ])
    #expect(server?.machine?.expiresAt == 1_796_126_400)
  }
}

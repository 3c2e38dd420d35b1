import StackMake
import Support
import Synchronization
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct CleanerTests {
  private static let file = "layout:\n    web\n    db\nstacked/%:\n    once echo a\n"
  private static let lost = CloudError(.failed, operation: "ask the cloud", cause: "connection reset")

  /// Two servers that stand, with their roles, all on record.
  private func world() throws -> KindWorld {
    let world = try KindWorld(Self.file)
    world.stand(KindWorld.machine("db", id: "id-1"), KindWorld.machine("web", id: "id-2"))
    for name in ["server/web", "server/db", "stacked/web", "stacked/db"] {
      world.store.finish(world.trace(name, outputs: KindWorld.outputs()))
    }
    world.store.set(["generation/web": "1", "generation/db": "1"])
    return world
  }

  private func plan(_ world: KindWorld, _ names: String...) -> CleanPlan {
    let seen = CleanPlan.World(machines: world.machines, recorded: Set(world.store.traces().keys))
    return names.isEmpty ? .everything(seen) : .some(names, graph: world.graph, seen)
  }

  private func carryOut(_ plan: CleanPlan, _ world: KindWorld) async -> [StepError] {
    await world.cleaner().carryOut(plan, graph: world.graph, waits: true)
  }

  private func recorded(_ world: KindWorld) -> [String] { world.store.traces().keys.sorted() }

  /// What the journal says at each call that changes something.
  private func watchJournal(_ world: KindWorld) -> @Sendable () -> [String: [Intent]] {
    let seen = Mutex<[String: [Intent]]>([:])
    let box = Box(seen)
    let store = world.store
    world.cloud.with { $0.watcher = { line in box.value.withLock { $0[line] = store.intents() } } }
    return { box.value.withLock { $0 } }
  }

  private final class Box: Sendable {
    let value: Mutex<[String: [Intent]]>
    init(_ value: consuming Mutex<[String: [Intent]]>) { self.value = value }
  }

  // MARK: - Deleting

  @Test func theJournalSaysItBeforeTheCloudIsAsked() async throws {
    let world = try world()
    let journal = watchJournal(world)
    #expect(await carryOut(plan(world, "server/web"), world) == [])
    #expect(
      journal()["delete id-2"] == [
        Intent(id: 1, action: "delete", subject: "web", values: ["id": "id-2", "forget": "server/web"], at: 5)
      ])
    #expect(world.machines.map(\.id) == ["id-1"])
    #expect(recorded(world) == ["server/db", "stacked/db"])
    #expect(world.store.intents() == [])
    #expect(world.notes == ["deleting lab-web"])
  }

  @Test(arguments: [false, true]) func aDeletionThatWasCutOffIsFinished(isLate: Bool) async throws {
    let world = try world()
    world.cloud.with { $0.faults = [.init("delete id-2", Self.lost, isLate: isLate)] }
    let failures = await carryOut(plan(world), world)
    #expect(failures.map(\.description) == ["ask the cloud: server/web: connection reset"])
    // One failure doesn't stop the others, and what failed stays on record.
    #expect(world.machines.map(\.id) == (isLate ? [] : ["id-2"]))
    #expect(recorded(world) == ["server/web", "stacked/db", "stacked/web"])
    #expect(world.store.intents().map(\.subject) == ["web"])

    try await world.cleaner().resume(graph: world.graph)
    #expect(world.machines == [])
    #expect(recorded(world) == ["stacked/db", "stacked/web"])
    #expect(world.store.intents() == [])
    #expect(world.notes.contains("going on to delete lab-web") == !isLate)
    #expect(world.changes.count { $0 == "delete id-2" } == (isLate ? 1 : 2))
  }

  @Test func aDeletionThatFailsAgainKeepsItsIntent() async throws {
    let world = try world()
    world.cloud.with { $0.faults = [.init("delete id-2", Self.lost), .init("delete id-2", Self.lost)] }
    #expect(await carryOut(plan(world, "server/web"), world).count == 1)
    let error = await #expect(throws: StepError.self) { try await world.cleaner().resume(graph: world.graph) }
    #expect(error?.cause == "connection reset")
    #expect(world.store.intents().map(\.subject) == ["web"])
    #expect(recorded(world).contains("server/web"))
    #expect(world.machines.map(\.id) == ["id-1", "id-2"])
  }

  @Test func allThatWasCutOffIsTriedAgain() async throws {
    let world = try world()
    world.cloud.with { $0.faults = (0..<3).map { _ in .init("delete id", Self.lost) } }
    #expect(await carryOut(plan(world), world).count == 2)
    // Of the two the first fails once more.
    let error = await #expect(throws: StepError.self) { try await world.cleaner().resume(graph: world.graph) }
    #expect(error?.cause == "connection reset")
    #expect(world.machines.count == 1)
    #expect(world.store.intents().count == 1)
    try await world.cleaner().resume(graph: world.graph)
    #expect(world.machines == [])
    #expect(world.store.intents() == [])
  }

  @Test func looksAgainUntilNothingIsLeft() async throws {
    let world = try world()
    world.cloud.with { $0.resources = [CloudResource(kind: .port, id: "p1", name: "stackmake-c1-web", server: "web")] }
    // As if the first list had been an old one.
    #expect(await carryOut(CleanPlan(forgotten: recorded(world)), world) == [])
    let (more, failures) = await world.cleaner().finish(graph: world.graph, isInDoubt: false)
    #expect(failures == [])
    #expect(more.deletions.map(\.machine.id) == ["id-1", "id-2"])
    #expect(more.resources.map(\.id) == ["p1"])
    #expect(world.machines == [])
    #expect(world.cloud.log.suffix(2) == ["list c1", "resources c1"])
  }

  /// What a run that was killed had asked for comes to be after the clean has looked.
  @Test(arguments: [false, true]) func inDoubtItWaitsForWhatMayStillCome(isInDoubt: Bool) async throws {
    let world = try KindWorld(Self.file)
    let cloud = world.cloud
    cloud.with { state in
      state.watcher = { line in
        guard line.hasPrefix("list"), cloud.log.count(where: { $0.hasPrefix("list") }) == 1 else { return }
        cloud.with { $0.machines["late"] = KindWorld.machine("web", id: "late") }
      }
    }
    let (more, failures) = await world.cleaner().finish(graph: world.graph, isInDoubt: isInDoubt)
    #expect(failures == [])
    #expect(more.deletions.map(\.machine.id) == (isInDoubt ? ["late"] : []))
    #expect(cloud.log.count { $0.hasPrefix("list") } == (isInDoubt ? 3 : 1))
  }

  @Test func anInterruptStartsNothing() async throws {
    let world = try world()
    world.interrupt.request()
    let failures = await carryOut(plan(world), world)
    #expect(failures.map(\.code) == [.interrupted, .interrupted])
    #expect(world.changes == [])
    #expect(recorded(world).count == 4)
    #expect(world.store.intents() == [])
  }

  // MARK: - Rebuilding

  @Test func aRebuildIsTheNextGeneration() async throws {
    let world = try world()
    let journal = watchJournal(world)
    #expect(await carryOut(plan(world, "stacked/web"), world) == [])
    #expect(
      journal()["rebuild id-2 2"] == [
        Intent(
          id: 1, action: "rebuild", subject: "web",
          values: ["id": "id-2", "generation": "2", "forget": "server/web stacked/web"], at: 5)
      ])
    #expect(world.store.registers(prefix: "generation/") == ["generation/web": "2", "generation/db": "1"])
    #expect(world.machines.map(\.tag.generation) == [1, 2])
    #expect(recorded(world) == ["server/db", "stacked/db"])
    #expect(world.store.intents() == [])
  }

  @Test func aGenerationIsNeverUsedTwice() async throws {
    let world = try world()
    world.store.set(["generation/web": "6"])
    #expect(await carryOut(plan(world, "stacked/web"), world) == [])
    #expect(world.changes == ["rebuild id-2 7"])
  }

  @Test(arguments: [false, true]) func aRebuildThatWasCutOffIsFinished(isLate: Bool) async throws {
    let world = try world()
    world.cloud.with { $0.faults = [.init("rebuild", Self.lost, isLate: isLate)] }
    #expect(await carryOut(plan(world, "stacked/web", "server/db"), world).map(\.cause) == ["connection reset"])
    // The deletion of the other one went through.
    #expect(world.machines.map(\.id) == ["id-2"])
    #expect(recorded(world) == ["server/web", "stacked/db", "stacked/web"])
    #expect(world.store.intents().map(\.action) == ["rebuild"])
    #expect(world.store.registers(prefix: "generation/web") == ["generation/web": "2"])

    try await world.cleaner().resume(graph: world.graph)
    #expect(world.machines.map(\.tag.generation) == [2])
    #expect(recorded(world) == ["stacked/db"])
    #expect(world.store.intents() == [])
    // Asked again with the same generation: a machine that has it already is left as it is.
    #expect(world.changes.filter { $0.hasPrefix("rebuild") } == ["rebuild id-2 2", "rebuild id-2 2"])
  }

  @Test func aRebuildWhoseMachineIsGoneIsOver() async throws {
    let world = try world()
    world.cloud.with { $0.faults = [.init("rebuild", Self.lost)] }
    _ = await carryOut(plan(world, "stacked/web"), world)
    world.cloud.with { $0.machines["id-2"] = nil }
    try await world.cleaner().resume(graph: world.graph)
    #expect(world.store.intents() == [])
    #expect(recorded(world) == ["server/db", "stacked/db"])
  }

  @Test func aRebuildWithoutItsImageMakesNothing() async throws {
    let world = try world()
    world.cloud.with { $0.images = [:] }
    let failures = await carryOut(plan(world, "stacked/web"), world)
    #expect(failures.map(\.description) == ["rebuild: lab-web: no image called `debian-12`"])
    #expect(world.changes == [])
    #expect(recorded(world).count == 4)
  }

  // MARK: - Going on

  @Test func aCreationIsLeftToItsServer() async throws {
    let world = try world()
    _ = world.store.begin(Intent(action: "create", subject: "web", values: ["generation": "1"], at: 1))
    _ = world.store.begin(Intent(action: "create", subject: "left", values: ["generation": "1"], at: 1))
    try await world.cleaner().resume(graph: world.graph)
    #expect(world.changes == [])
    #expect(recorded(world).count == 4)
    // The layout no longer names the other one.
    #expect(world.store.intents().map(\.subject) == ["web"])
  }

  @Test func withoutIntentsTheCloudIsNotAsked() async throws {
    let world = try world()
    try await world.cleaner().resume(graph: world.graph)
    #expect(world.cloud.log == [])
  }

  @Test func aRecordWithoutMachinesIsForgotten() async throws {
    let world = try world()
    world.cloud.with { $0.machines = [:] }
    #expect(await carryOut(plan(world), world) == [])
    #expect(world.changes == [])
    #expect(recorded(world) == [])
  }
}

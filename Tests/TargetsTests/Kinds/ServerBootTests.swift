import StackMake
import Support
import Synchronization
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct ServerBootTests {
  private static let lost = CloudError(.failed, operation: "create server", cause: "connection reset")

  private func world(_ settings: String = "") throws -> KindWorld { try KindWorld("layout:\n    web  \(settings)\n") }

  private func create(_ world: KindWorld) async throws -> [String: String] {
    let turn = world.turn("server/web")
    try await ServerKind(cluster: world.cluster).apply("create", turn)
    return turn.outputs
  }

  private func boot(_ world: KindWorld) async throws -> [String: String] {
    let turn = world.turn("server/web")
    let kind = ServerKind(cluster: world.cluster)
    try await kind.apply("create", turn)
    try await kind.apply("wait", turn)
    return kind.outputs(turn)
  }

  private func generation(_ world: KindWorld) -> String? {
    world.store.registers(prefix: "generation/web")["generation/web"]
  }

  @Test func boots() async throws {
    let world = try world("flavor=m1.tiny")
    world.cloud.with { $0.bootStatuses = ["web": [.building, .building]] }
    #expect(
      try await boot(world) == [
        "id": "id-1", "generation": "1", "ip": "10.0.0.1", "user": "stack", "host-key": "ssh-ed25519 key-of-id-1-1",
        "trust": "console",
      ])
    #expect(world.machines.map(\.flavorID) == ["m1.tiny"])
    #expect(world.machines.map(\.name) == ["lab-web"])
    #expect(world.shells.shell(of: "web").scripts == ["cloud-init status --wait --long 2>&1"])
    #expect(world.notes == ["creating lab-web", "waiting for ssh at 10.0.0.1"])
    #expect(world.store.intents() == [])
  }

  /// Another attempt of the same run has no use for the machine that the first one waited for in vain.
  @Test func anotherAttemptTakesAFreshMachine() async throws {
    let world = try world()
    let shell = world.shells.shell(of: "web")
    let turn = world.turn("server/web")
    let kind = ServerKind(cluster: world.cluster)
    shell.answer("cloud-init", with: FakeShell.Reply("status: error", status: .exited(1)))
    try await kind.apply("create", turn)
    await #expect(throws: StepError.self) { try await kind.apply("wait", turn) }
    shell.answer("cloud-init", with: FakeShell.Reply("status: done"))
    try await kind.apply("create", turn)
    try await kind.apply("wait", turn)
    #expect(kind.outputs(turn)["generation"] == "2")
    #expect(world.changes == ["create c1/web 1", "delete id-1", "create c1/web 2"])
    #expect(world.notes.contains("removing lab-web of generation 1, which failed"))
    // What fails after that isn't the machine's fault.
    try await kind.apply("create", turn)
    #expect(world.machines.map(\.id) == ["id-2"])
  }

  /// Its console isn't asked for until somebody listens.
  @Test func aServerThatAnswersLate() async throws {
    let world = try world()
    let left = Mutex(["Connection refused", "No route to host", "Connection refused"])
    let cloud = world.cloud
    world.shells.answer {
      #expect(!cloud.log.contains { $0.hasPrefix("hostKeys") })
      return left.withLock { $0.popLast() }
    }
    #expect(try await boot(world)["host-key"] == "ssh-ed25519 key-of-id-1-1")
    #expect(world.cloud.log.filter { $0.hasPrefix("hostKeys") } == ["hostKeys id-1"])
  }

  @Test func aServerThatNeverAnswers() async throws {
    let world = try world()
    let time = world.time
    world.cloud.with { $0.consoles = ["web": "a kernel that panics"] }
    world.shells.answer {
      time.advance(by: 7)
      return "No route to host"
    }
    let error = await #expect(throws: StepError.self) { _ = try await boot(world) }
    #expect(
      error?.description == """
        connect to 10.0.0.1 port 22: server/web: No route to host (tried for 60 seconds)
            the end of its console:
            a kernel that panics
          hint: `stackmake clean server/web` deletes it for a fresh start
        """)
    #expect(!world.cloud.log.contains { $0.hasPrefix("hostKeys") })
  }

  /// Made anew with a key of our own, which is changed at the first login; the next servers have one from the start.
  @Test func aCloudThatShowsNoConsole() async throws {
    let world = try world()
    let new = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyN9dHmvXfRpJRdy/Nk9Yo7cDZZAkD9eBhSuBNJZYYS"
    world.shells.shell(of: "web").answer("ssh_host_ed25519_key.new.pub", with: FakeShell.Reply("\(new)\n"))
    let error = CloudError(.unsupported, operation: "read the console", cause: "nova answered 501")
    world.cloud.with { $0.faults = [.init("hostKeys", error)] }
    let outputs = try await boot(world)
    #expect(outputs["trust"] == "injected")
    #expect(outputs["host-key"] == new)
    #expect(outputs["generation"] == "2")
    #expect(world.changes == ["create c1/web 1", "delete id-1", "create c1/web 2"])
    #expect(world.store.registers(prefix: "host-")["host-trust"] == "injected")
    #expect(world.store.registers(prefix: "host-")["host-key/web"] == "2\n\(new)")
    // Not even asked for any more.
    #expect(world.cloud.log.filter { $0.hasPrefix("hostKeys") } == ["hostKeys id-1"])
  }

  @Test func theJournalAndTheGenerationComeFirst() async throws {
    let world = try world()
    let store = world.store
    world.cloud.with { state in
      state.watcher = { line in
        guard line.hasPrefix("create") else { return }
        #expect(
          store.intents() == [
            Intent(id: 1, action: "create", subject: "web", values: ["generation": "1"], at: 5)
          ])
        #expect(store.registers(prefix: "generation/") == ["generation/web": "1"])
      }
    }
    _ = try await create(world)
    #expect(world.changes == ["create c1/web 1"])
  }

  @Test func aLostAnswerNeverMakesTwo() async throws {
    let world = try world()
    world.cloud.with { $0.faults = [.init("create", Self.lost, isLate: true)] }
    let error = await #expect(throws: StepError.self) { _ = try await create(world) }
    #expect(error?.description == "create server: server/web: connection reset")
    #expect(world.store.intents().count == 1)
    #expect(try await create(world) == ["id": "id-1"])
    #expect(world.machines.map(\.id) == ["id-1"])
    #expect(world.notes.last == "adopting lab-web, which an earlier run began")
    #expect(generation(world) == "1")
    #expect(world.store.intents() == [])
  }

  /// A run was killed while it asked: the cloud may still be about to do it.
  @Test func whatComesLateIsAdoptedToo() async throws {
    let world = try world()
    world.store.set(["generation/web": "1"])
    _ = world.store.begin(Intent(action: "create", subject: "web", values: ["generation": "1"], at: 1))
    let cloud = world.cloud
    cloud.with { state in
      state.watcher = { line in
        guard line.hasPrefix("list"), cloud.log.count(where: { $0.hasPrefix("list") }) == 2 else { return }
        cloud.with { $0.machines["late"] = KindWorld.machine("web", id: "late") }
      }
    }
    #expect(try await create(world) == ["id": "late"])
    #expect(world.changes == ["create c1/web 1"])
    #expect(world.store.intents() == [])
  }

  @Test func oneOldListDoesNotMakeAMachineGone() async throws {
    let world = try world()
    let turn = world.turn("server/web")
    let kind = ServerKind(cluster: world.cluster)
    try await kind.apply("create", turn)
    let machine = try #require(world.machines.first)
    let cloud = world.cloud
    cloud.with { state in
      state.machines = [:]
      state.log = []
      state.watcher = { line in
        guard line.hasPrefix("list"), cloud.log.count(where: { $0.hasPrefix("list") }) == 1 else { return }
        cloud.with { $0.machines[machine.id] = machine }
      }
    }
    try await kind.apply("wait", turn)
    #expect(kind.outputs(turn)["id"] == machine.id)
  }

  @Test func aRequestThatNeverArrivedIsMadeAnew() async throws {
    let world = try world()
    world.cloud.with { $0.faults = [.init("create", Self.lost)] }
    await #expect(throws: StepError.self) { _ = try await create(world) }
    #expect(try await create(world) == ["id": "id-1"])
    #expect(world.changes == ["create c1/web 1", "create c1/web 1"])
    #expect(generation(world) == "1")
  }

  /// Its generation was used, if for nothing.
  @Test func aMachineThatWasRemovedHasNoSuccessorOfItsGeneration() async throws {
    let world = try world()
    world.stand(KindWorld.machine("web", id: "bad", status: .error("no valid host")))
    world.store.set(["generation/web": "1"])
    _ = world.store.begin(Intent(action: "create", subject: "web", values: ["generation": "1"], at: 1))
    #expect(try await create(world) == ["id": "id-1"])
    #expect(world.changes == ["delete bad", "create c1/web 2"])
    #expect(world.store.intents() == [])
  }

  @Test(arguments: [Machine.Status.active, .building, .incomplete])
  func adoptsTheLastGenerationAndRemovesOlderOnes(status: Machine.Status) async throws {
    let world = try world()
    world.stand(
      KindWorld.machine("web", id: "old"), KindWorld.machine("web", id: "new", generation: 2, status: status),
      KindWorld.machine("db", id: "other"))
    world.store.set(["generation/web": "2"])
    #expect(try await create(world) == ["id": "new"])
    #expect(world.machines.map(\.id) == ["new", "other"])
    #expect(world.changes == ["delete old", "create c1/web 2"])
    #expect(world.notes.first == "removing lab-web of generation 1, which was left half made")
  }

  @Test(arguments: [Machine.Status.error("no valid host"), .stopped])
  func removesWhatCanNotBeAdopted(status: Machine.Status) async throws {
    let world = try world()
    world.stand(KindWorld.machine("web", id: "bad", generation: 2, status: status))
    world.store.set(["generation/web": "2"])
    #expect(try await create(world) == ["id": "id-1"])
    #expect(world.changes == ["delete bad", "create c1/web 3"])
    #expect(generation(world) == "3")
  }

  /// The request that was thought lost got the port, and the one after it nothing.
  @Test func goesOnWithTheTwinThatWorks() async throws {
    let world = try world()
    let turn = world.turn("server/web")
    let kind = ServerKind(cluster: world.cluster)
    try await kind.apply("create", turn)
    #expect(turn.outputs == ["id": "id-1"])
    world.stand(
      KindWorld.machine("web", id: "id-1", status: .error("port in use")), KindWorld.machine("web", id: "twin"))
    try await kind.apply("wait", turn)
    #expect(kind.outputs(turn)["id"] == "twin")
    #expect(kind.outputs(turn)["host-key"] == "ssh-ed25519 key-of-twin-1")
  }

  /// A list that was an old one said that it is gone.
  @Test func whatWasOnlyMissedIsNotMadeAnew() async throws {
    let world = try world()
    world.stand(KindWorld.machine("web"))
    world.store.set(["generation/web": "1"])
    let turn = world.turn("server/web", trace: world.trace("server/web", outputs: KindWorld.outputs()))
    let error = await #expect(throws: StepError.self) {
      try await ServerKind(cluster: world.cluster).apply("create", turn)
    }
    #expect(
      error?.description == """
        create server: server/web: the cloud first didn't list lab-web, and then did: it is there, and nothing was done
          hint: run it again
        """)
    #expect(world.changes == [])
    #expect(world.store.intents() == [])
  }

  @Test func refusesBeforeAnythingIsWritten() async throws {
    let world = try world("flavor=huge")
    let error = await #expect(throws: StepError.self) { _ = try await create(world) }
    #expect(error?.description == "create server: server/web: no flavor called `huge`")
    #expect(world.changes == [])
    #expect(world.store.intents() == [])
    #expect(generation(world) == nil)
  }

  @Test func anErrorShowsTheEndOfTheConsole() async throws {
    let world = try world()
    world.cloud.with {
      $0.bootStatuses = ["web": [.building, .error("no valid host")]]
      $0.consoles = ["web": (1...20).map { "line \($0)" }.joined(separator: "\n")]
    }
    let error = await #expect(throws: StepError.self) { _ = try await boot(world) }
    let lines = (6...20).map { "    line \($0)" }.joined(separator: "\n")
    #expect(
      error?.description == """
        wait for ACTIVE: server/web: no valid host
            the end of its console:
        \(lines)
          hint: `stackmake clean server/web` deletes it for a fresh start
        """)
  }

  @Test func waitsNoLongerThanTheLimit() async throws {
    let world = try world()
    let time = world.time
    world.cloud.with { state in
      state.bootStatuses = ["web": Array(repeating: .building, count: 1000)]
      state.watcher = { if $0.hasPrefix("list") { time.advance(by: 5) } }
    }
    let error = await #expect(throws: StepError.self) { _ = try await boot(world) }
    #expect(error?.operation == "wait for ACTIVE")
    #expect(error?.cause == "not within 60 s")
    #expect(world.cloud.log.count { $0.hasPrefix("list") } < 20)
  }

  @Test func aMachineThatGoesWhileItBootsIsToldOf() async throws {
    let world = try world()
    let turn = world.turn("server/web")
    let kind = ServerKind(cluster: world.cluster)
    try await kind.apply("create", turn)
    world.cloud.with { $0.machines = [:] }
    let error = await #expect(throws: StepError.self) { try await kind.apply("wait", turn) }
    #expect(error?.cause == "the machine is gone")
  }

  @Test func anInterruptEndsTheWait() async throws {
    let world = try world()
    world.cloud.with { $0.bootStatuses = ["web": Array(repeating: .building, count: 1000)] }
    world.interrupt.request()
    let error = await #expect(throws: StepError.self) { _ = try await boot(world) }
    #expect(error?.code == .interrupted)
  }

  @Test(arguments: [(Targets.ExitStatus.exited(0), true), (.exited(2), true), (.exited(1), false)])
  func firstBootMustSucceed(status: Targets.ExitStatus, isGood: Bool) async throws {
    let world = try world()
    world.shells.shell(of: "web").answer(
      "cloud-init", with: FakeShell.Reply("..\n.....\nstatus: error\nno such package\n", status: status))
    guard !isGood else {
      #expect(try await boot(world)["generation"] == "1")
      return
    }
    let error = await #expect(throws: StepError.self) { _ = try await boot(world) }
    #expect(
      error?.description == """
        wait for first boot: server/web: exit status 1
            status: error
            no such package
          hint: `stackmake clean server/web` deletes it for a fresh start
        """)
  }
}

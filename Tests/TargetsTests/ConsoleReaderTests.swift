import Support
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5))) struct ConsoleReaderTests {
  private static func machines(_ count: Int, _ status: Machine.Status) -> FakeCloud {
    let cloud = FakeCloud()
    cloud.with { state in
      for i in 0..<count {
        let tag = MachineTag(cluster: "c1", server: "web-\(i)", generation: 1)
        state.machines["id-\(i)"] = Machine(
          id: "id-\(i)", name: "lab-web-\(i)", tag: tag, status: status, addresses: [], imageID: "", flavorID: "",
          createdAt: 1)
      }
    }
    return cloud
  }

  @Test func keysThatAreShownAreReadAtOnce() async throws {
    let clock = JumpingClock()
    let reader = ConsoleReader(Self.machines(20, .active), clock: clock)
    try await withThrowingTaskGroup(of: [HostKey]?.self) { group in
      for i in 0..<20 { group.addTask { try await reader.hostKeys("id-\(i)") } }
      for try await keys in group { #expect(keys?.count == 1) }
    }
    #expect(clock.now.sinceStart == .zero)
  }

  /// However many wait, nobody's console is read again before the pause is over.
  @Test(arguments: [1, 50]) func whatIsReadInVainDoesNotGrowWithTheServers(count: Int) async throws {
    let clock = JumpingClock()
    let cloud = Self.machines(count, .building)
    let reader = ConsoleReader(cloud, clock: clock)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<count {
        group.addTask { while clock.now.sinceStart < .seconds(60) { _ = try await reader.hostKeys("id-\(i)") } }
      }
      try await group.waitForAll()
    }
    // A read each five seconds; those that were in the queue when the minute was over come on top.
    #expect(cloud.log.count <= 15 + count)
  }

  @Test func whoWantsItNoLongerReadsNothing() async throws {
    let cloud = Self.machines(1, .active)
    let reader = ConsoleReader(cloud, clock: JumpingClock())
    let error = await #expect(throws: CloudError.self) { try await reader.hostKeys("id-0", unless: { true }) }
    #expect(error?.code == .interrupted)
    #expect(cloud.log == [])
  }

  @Test func thePauseIsLearned() {
    var pace = ConsolePace()
    #expect(pace.pause == .zero)
    var pauses: [Duration] = []
    for isShown in [false, false, false, false, false, false, true, false, true, true, true, true, true, false] {
      pace.read(isShown: isShown)
      pauses.append(pace.pause)
    }
    #expect(pauses.prefix(3) == [.seconds(1), .seconds(1.5), .seconds(2.25)])
    #expect(pauses[5] == .seconds(5))
    #expect(pauses[6] == .zero)
    #expect(pauses[7] > .seconds(3))
    #expect(pauses.last == .seconds(1))
  }

  @Test func whoIsCancelledReadsNothing() async throws {
    let cloud = Self.machines(1, .building)
    let reader = ConsoleReader(cloud, clock: ContinuousClock())
    _ = try await reader.hostKeys("id-0")
    let task = Task { () async -> CloudError.Code? in
      do throws(CloudError) {
        while true { _ = try await reader.hostKeys("id-0") }
      } catch {
        return error.code
      }
    }
    task.cancel()
    #expect(await task.value == .interrupted)
  }
}

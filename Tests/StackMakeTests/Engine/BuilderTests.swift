import StackMake
import Support
import Testing

@Suite(.timeLimit(.minutes(2))) struct BuilderTests {
  private static let chain = """
    a:
        one
        two
    b: a
        three
    c: b
        four
    d:
        five
    """

  @Test func buildsInOrderAndThenNothing() async throws {
    let world = EngineWorld()
    let first = try await world.build(Self.chain)
    #expect(first.summary.built == 4)
    #expect(world.runner.calls.filter { $0 != "d 1" } == ["a 1", "a 2", "b 1", "c 1"])
    #expect(first.reasons("a") == [.neverBuilt])
    world.runner.forgetCalls()
    let second = try await world.build(Self.chain)
    #expect(second.summary.fresh == 4)
    #expect(world.runner.calls == [])
  }

  /// One sync where a step starts and one where it ends, and those between two steps are the same one.
  @Test func marksOnePerStep() async throws {
    let world = EngineWorld()
    try await world.build("a:\n    one\n    two\n", jobs: 1)
    #expect(world.store.marks.map { $0.map(\.point) } == [["start", "step:started"], ["step:done", "step:started"]])
    #expect(world.store.points.contains("finish"))
  }

  /// Of a step that must not run twice nothing is put off.
  @Test func theEndOfAOnceStepIsMarkedAtOnce() async throws {
    let world = EngineWorld()
    try await world.build("a:\n    once one\n    once two\n", jobs: 1)
    #expect(
      world.store.marks.map { $0.map(\.point) } == [
        ["start", "step:started"], ["step:done"], ["step:started"], ["step:done"],
      ])
  }

  /// What was put off is on record where the next step never starts.
  @Test func whatIsDoneIsMarkedBeforeAFailure() async throws {
    let world = EngineWorld()
    world.runner.fail("a 2", times: 1)
    let text = "a:\n    one\n    two\n"
    #expect(try await world.build(text, jobs: 1).summary.failed == 1)
    #expect(world.store.progress(of: "a").map(\.state) == [.done, .failed])
    world.runner.forgetCalls()
    #expect(try await world.build(text, jobs: 1).summary.built == 1)
    #expect(world.runner.calls == ["a 2"])
  }

  @Test func goalsAndWhatTheyNeed() async throws {
    let world = EngineWorld()
    let result = try await world.build(Self.chain, ["b"])
    #expect(result.summary.wanted == 2)
    #expect(world.runner.targets == ["a", "b"])
  }

  @Test func sameOutputsStopThere() async throws {
    let world = EngineWorld()
    world.kind.give(["value": "1"], of: "a")
    try await world.build(Self.chain)
    world.runner.forgetCalls()
    let changed = Self.chain.replacing("one", with: "1")
    let result = try await world.build(changed)
    #expect(world.runner.targets == ["a"])
    #expect(result.reasons("a") == [.changed(key: "step 1", old: "one", new: "1")])
    #expect(result.outcome("b") == .fresh)
    world.runner.forgetCalls()
    world.kind.give(["value": "2"], of: "a")
    try await world.build(changed.replacing("two", with: "2"))
    #expect(world.runner.calls == ["a 2", "b 1", "c 1"])
  }

  @Test func stopsAtTheFirstFailure() async throws {
    let world = EngineWorld()
    world.runner.fail("a 1")
    let result = try await world.build(Self.chain, jobs: 1)
    #expect(result.summary.failed == 1)
    #expect(result.outcome("b") == .skipped(because: "a"))
    #expect(result.outcome("c") == .skipped(because: "a"))
    #expect(world.runner.calls == ["a 1"])
    #expect(result.summary.skipped == 3)
  }

  @Test func keepsGoing() async throws {
    let world = EngineWorld()
    world.runner.fail("a 2")
    let result = try await world.build(Self.chain, jobs: 1, keepsGoing: true)
    #expect(result.summary.failed == 1)
    #expect(result.summary.built == 1)
    #expect(result.summary.skipped == 2)
    #expect(world.store.traces()["a"] == nil)
    #expect(world.store.failures()["a"]?.error.cause == "exit status 1")
    world.runner.succeed("a 2")
    world.runner.forgetCalls()
    let next = try await world.build(Self.chain)
    #expect(next.reasons("a") == [.failedBefore(message: "exit status 1")])
    #expect(world.runner.calls == ["a 2", "b 1", "c 1"])
    #expect(world.store.failures().isEmpty)
  }

  @Test func aFailureLeavesTheLastTrace() async throws {
    let world = EngineWorld()
    try await world.build(Self.chain)
    let before = world.store.traces()["a"]
    world.runner.fail("a 1")
    try await world.build(Self.chain.replacing("one", with: "1"))
    #expect(world.store.traces()["a"] == before)
    // The old text again: what ran of the new one must be undone by running the old one.
    world.runner.succeed("a 1")
    world.runner.forgetCalls()
    try await world.build(Self.chain)
    #expect(world.runner.calls == ["a 1", "a 2"])
  }

  @Test func repeatsStepsAndTargets() async throws {
    let world = EngineWorld()
    let text = """
      a: retries = 2
      a:
          one
          retry count=3 every=1ms two
      """
    world.runner.fail("a 2", times: 5)
    let result = try await world.build(text)
    #expect(result.summary.built == 1)
    #expect(world.runner.calls == ["a 1"] + Array(repeating: "a 2", count: 6))
  }

  @Test func onceIsNeverRepeated() async throws {
    let world = EngineWorld()
    let text = """
      a: retries = 2
      a:
          once one
      b: a
          two
      c:
          three
      """
    world.runner.fail("a 1")
    let result = try await world.build(text, jobs: 1)
    #expect(result.summary.locked == 1)
    #expect(result.summary.built == 1)
    #expect(world.runner.calls == ["a 1", "c 1"])
    world.runner.succeed("a 1")
    let second = try await world.build(text, forced: ["a", "b", "c"])
    #expect(world.runner.calls == ["a 1", "c 1", "c 1"])
    guard case .locked(let error, _) = second.outcome("a") else {
      Issue.record("a isn't locked")
      return
    }
    #expect(error.cause == "step 1 must run only once, and failed")
    world.store.forget(["a"])
    #expect(try await world.build(text).summary.built == 2)
  }

  @Test func aLockWithoutKeepGoingBuildsTheRest() async throws {
    let world = EngineWorld()
    let text = "a:\n    once one\nb: a\n    two\nc:\n    three\nd: c\n    four\n"
    try await world.build(text)
    world.runner.forgetCalls()
    let changed = text.replacing("one", with: "1").replacing("three", with: "3")
    let result = try await world.build(changed)
    #expect(world.runner.targets == ["c", "d"])
    #expect(result.outcome("b") == .skipped(because: "a"))
    guard case .locked(let error, let reasons) = result.outcome("a") else {
      Issue.record("a isn't locked")
      return
    }
    #expect(reasons == [.changed(key: "step 1", old: "once one", new: "once 1")])
    #expect(error.text(because: reasons).contains("\n  because step 1 changed: `once one` -> `once 1`\n  hint: "))
  }

  @Test func forcedWhereAOnceStepRan() async throws {
    let world = EngineWorld()
    let text = "a:\n    one\n    once two\n    three\nb:\n    once four\nc:\n    five\n"
    try await world.build(text)
    world.runner.forgetCalls()
    let result = try await world.build(text, forced: ["a", "b", "c"])
    #expect(world.runner.calls.sorted() == ["a 3", "c 1"])
    #expect(result.reasons("a") == [.forcedAfterOnce(step: 2)])
    #expect(result.reasons("b") == [.forcedAfterOnce(step: 1)])
    #expect(result.reasons("c") == [.forced])
  }

  @Test func anInterruptedRunGoesOn() async throws {
    let world = EngineWorld()
    let interrupt = Interrupt()
    world.runner.hold("a 1")
    async let running = world.build(Self.chain, ["c"], interrupt: interrupt)
    #expect(await EngineWorld.wait { world.runner.running.contains("a 1") })
    interrupt.request()
    world.runner.release("a 1")
    let result = try await running
    #expect(world.runner.calls == ["a 1"])
    #expect(result.outcome("a") == .interrupted)
    #expect(result.summary.interrupted > 0)
    let next = try await world.build(Self.chain, ["c"])
    #expect(next.reasons("a") == [.unfinished(step: 1)])
    #expect(world.runner.calls == ["a 1", "a 2", "b 1", "c 1"])
  }

  @Test func aCancelledRunEnds() async throws {
    let world = EngineWorld()
    let interrupt = Interrupt()
    world.runner.hold("a 1")
    let task = Task { try await world.build(Self.chain, ["c"], interrupt: interrupt) }
    #expect(await EngineWorld.wait { world.runner.running.contains("a 1") })
    interrupt.request()
    task.cancel()
    #expect(try await task.value.summary.interrupted > 0)
    world.runner.release("a 1")
    #expect(try await world.build(Self.chain, ["c"]).summary.built == 3)
  }

  @Test func aChangeThatIsCutOffRunsTheRestNextTime() async throws {
    let world = EngineWorld()
    let text = "a:\n    one\n    two\n    three\n"
    try await world.build(text)
    let changed = text.replacing("one", with: "1")
    let interrupt = Interrupt()
    world.runner.forgetCalls()
    world.runner.hold("a 1")
    async let running = world.build(changed, interrupt: interrupt)
    #expect(await EngineWorld.wait { world.runner.running.contains("a 1") })
    interrupt.request()
    world.runner.release("a 1")
    _ = try await running
    try await world.build(changed)
    #expect(world.runner.calls == ["a 1", "a 2", "a 3"])
  }

  @Test func stepsOfAnOlderAttemptDontCount() async throws {
    let world = EngineWorld()
    let text = "a:\n    one\n    two\n    three\n"
    world.runner.fail("a 3")
    try await world.build(text)
    let interrupt = Interrupt()
    world.runner.hold("a 1")
    async let running = world.build(text.replacing("one", with: "1"), interrupt: interrupt)
    #expect(await EngineWorld.wait { world.runner.running.contains("a 1") })
    interrupt.request()
    world.runner.release("a 1")
    _ = try await running
    world.runner.succeed("a 3")
    world.runner.forgetCalls()
    try await world.build(text.replacing("one", with: "1"))
    #expect(world.runner.calls == ["a 2", "a 3"])
  }

  @Test(arguments: [1, 3]) func neverMoreThanJobs(_ jobs: Int) async throws {
    let world = EngineWorld()
    let text = (0..<9).map { "t\($0):\n    x\n" }.joined()
    for i in 0..<9 { world.runner.hold("t\(i)") }
    async let running = world.build(text, jobs: jobs)
    for i in 0..<9 {
      #expect(await EngineWorld.wait { world.runner.running.count == min(jobs, 9 - i) })
      let one = try #require(world.runner.running.min())
      world.runner.release(String(one.prefix { $0 != " " }))
      #expect(await EngineWorld.wait { !world.runner.running.contains(one) })
    }
    #expect(try await running.summary.built == 9)
    #expect(world.runner.most == jobs)
  }

  @Test func secretsReachStepsAndNothingElse() async throws {
    let world = EngineWorld()
    let text = "secret PASS\na:\n    echo {{ PASS }}\n"
    let result = try await world.build(text, secrets: ["PASS": "hunter2"])
    #expect(world.runner.text(of: "a 1") == "echo hunter2")
    #expect(!"\(result.events)".contains("hunter2"))
    #expect(!"\(world.store.traces())".contains("hunter2"))
  }

  @Test func aPlanTellsWhatABuildDoes() async throws {
    let world = EngineWorld()
    let plan = try await world.plan(Self.chain)
    #expect(plan.values.allSatisfy { $0.state == .stale })
    #expect(plan["a"]?.steps.map(\.text) == ["one", "two"])
    #expect(world.store.points.isEmpty)
    try await world.build(Self.chain)
    let changed = try await world.plan(Self.chain.replacing("three", with: "3"))
    #expect(changed.filter { $0.value.state != .fresh }.keys.sorted() == ["b", "c"])
    #expect(changed["b"]?.reasons == [.changed(key: "step 1", old: "three", new: "3")])
  }

  @Test func theWorldDrifts() async throws {
    let world = EngineWorld()
    world.kind.show(["a": Observation(values: [:]), "b": Observation(values: [:], problem: "stopped")])
    try await world.build("a:\n    x\nb:\n    x\nc:\n    x\n")
    let result = try await world.build("a:\n    x\nb:\n    x\nc:\n    x\n")
    #expect(result.outcome("a") == .fresh)
    #expect(result.reasons("b") == [.drift(what: "state", old: "fine", new: "stopped")])
    #expect(result.reasons("c") == [.drift(what: "thing", old: "", new: "")])
  }

  /// After a build all is fresh; after one input changed exactly those run whose inputs did.
  @Test(arguments: 0..<40) func randomGraphs(seed: Int) async throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let count = Int.random(in: 2...25, using: &random)
    var texts = (0..<count).map { "echo \($0)" }
    var counted = [[Int]](repeating: [], count: count)
    var orderOnly = counted
    for i in 1..<count {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let dependency = Int.random(in: 0..<i, using: &random)
        if Int.random(in: 0..<4, using: &random) == 0 {
          orderOnly[i].append(dependency)
        } else {
          counted[i].append(dependency)
        }
      }
    }
    let world = EngineWorld()
    // These give the same whatever goes in.
    let constant = Set((0..<count).filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
    for i in constant { world.kind.give(["value": "same"], of: "t\(i)") }
    func stackfile() -> String {
      (0..<count).map { i in
        let edges = counted[i].map { " t\($0)" }.joined() + " |" + orderOnly[i].map { " t\($0)" }.joined()
        return "t\(i):\(orderOnly[i].isEmpty ? String(edges.dropLast(2)) : edges)\n    \(texts[i])\n"
      }.joined()
    }
    let jobs = Int.random(in: 1...6, using: &random)
    #expect(try await world.build(stackfile(), jobs: jobs).summary.built == count)
    #expect(try await world.build(stackfile(), jobs: jobs).summary.fresh == count)
    let changed = Int.random(in: 0..<count, using: &random)
    texts[changed] = "echo changed"
    var expected: Set<Int> = []
    for i in 0..<count
    where i == changed || counted[i].contains(where: { expected.contains($0) && !constant.contains($0) }) {
      expected.insert(i)
    }
    world.runner.forgetCalls()
    let plan = try await world.plan(stackfile())
    let result = try await world.build(stackfile(), jobs: jobs)
    #expect(Set(world.runner.targets) == Set(expected.map { "t\($0)" }))
    #expect(Set(plan.filter { $0.value.state == .stale }.keys) == Set(expected.map { "t\($0)" }))
    #expect(result.summary.built == expected.count)
    for (at, name) in world.runner.targets.enumerated() {
      let i = Int(name.dropFirst())!
      let before = Set(world.runner.targets[..<at])
      for dependency in counted[i] + orderOnly[i] where expected.contains(dependency) {
        #expect(before.contains("t\(dependency)"))
      }
    }
  }
}

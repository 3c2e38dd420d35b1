package import StackMake
import Testing

/// What any `Store` must do. A case a promise; each is given an empty store.
package struct StoreContract: Sendable, CustomTestStringConvertible {
  package let name: String
  package let check: @Sendable (any Store) throws -> Void

  package var testDescription: String { name }

  package static func trace(
    _ target: String, run: Int64 = 1, seconds: Double = 2.5, outputs: [String: String] = ["ip": "10.0.0.5"]
  ) -> Trace {
    Trace(
      target: target, kind: "server", fingerprint: Fingerprint(of: target),
      manifest: [
        ManifestEntry("kind", "server"), ManifestEntry("setting name", "Zürich → 東京"), ManifestEntry("empty", ""),
        ManifestEntry("step 1", String(repeating: "echo a\n", count: 100)),
      ],
      outputs: outputs, run: run, builtAt: 1_800_000_000.25, seconds: seconds)
  }

  static func step(_ number: Int, _ state: StepRecord.State = .done, text: String = "a") -> StepRecord {
    StepRecord(
      number: number, fingerprint: Fingerprint(of: text), state: state, isOnce: number == 1, generation: "g1", at: 7.5)
  }

  static func failure(_ target: String, hint: String? = nil) -> Failure {
    let error = StepError(.locked, operation: "run step 1", subject: target, cause: "it said `no`", hint: hint)
    return Failure(target: target, error: error, run: 3, at: 12.5)
  }

  package static let cases: [StoreContract] = [
    StoreContract(name: "an empty store has nothing", check: anEmptyStoreHasNothing),
    StoreContract(name: "a trace comes back as it was", check: aTraceComesBackAsIt),
    StoreContract(
      name: "finish replaces, and forgets failure, progress and running", check: finishReplacesAndForgetsFailureProgress
    ),
    StoreContract(name: "forget forgets these targets, and no others", check: forgetForgetsTheseTargetsAndNo),
    StoreContract(name: "steps are kept by number", check: stepsAreKeptByNumber),
    StoreContract(name: "a failure keeps trace and progress, and ends running", check: aFailureKeepsTraceAndProgress),
    StoreContract(name: "intents stay until they are settled, oldest first", check: intentsStayUntilTheyAreSettled),
    StoreContract(name: "a note on no intent is an error", check: aNoteOnNoIntentIs),
    StoreContract(
      name: "registers are set and removed together, and found by prefix", check: registersAreSetAndRemovedTogether),
    StoreContract(name: "registers and secrets outlive forget", check: registersAndSecretsOutliveForget),
    StoreContract(name: "a secret is made once", check: aSecretIsMadeOnce),
    StoreContract(name: "runs are numbered, newest first", check: runsAreNumberedNewestFirst),
    StoreContract(name: "turns come back as they were", check: turnsComeBackAsTheyWere),
    StoreContract(name: "requests are kept by run", check: requestsAreKeptByRun),
    StoreContract(name: "turns and requests of the last runs are kept", check: theLastRunsAreKept),
    StoreContract(name: "texts are kept as long as a target put them", check: textsAreKept),
    StoreContract(name: "durations are the median of the last five, and outlive forget", check: durationsAreTheMedian),
  ]

  @Sendable private static func anEmptyStoreHasNothing(_ store: any Store) throws {
    #expect(try store.traces().isEmpty)
    #expect(try store.trace(of: "a") == nil)
    #expect(try store.progress(of: "a").isEmpty)
    #expect(try store.failures().isEmpty)
    #expect(try store.running().isEmpty)
    #expect(try store.intents().isEmpty)
    #expect(try store.registers(prefix: "").isEmpty)
    #expect(try store.runs(limit: 10).isEmpty)
    #expect(try store.durations().isEmpty)
  }

  @Sendable private static func aTraceComesBackAsIt(_ store: any Store) throws {
    let trace = trace("server/a")
    try store.finish(trace)
    #expect(try store.trace(of: "server/a") == trace)
    #expect(try store.traces() == ["server/a": trace])
  }

  @Sendable private static func finishReplacesAndForgetsFailureProgress(_ store: any Store) throws {
    try store.start("a", run: 1, at: 5)
    try store.record(step(0), of: "a")
    try store.record(step(0), of: "b")
    try store.fail(failure("a"))
    try store.start("a", run: 2, at: 6)
    try store.finish(trace("a", run: 1))
    let newer = trace("a", run: 2, outputs: [:])
    try store.finish(newer)
    #expect(try store.traces() == ["a": newer])
    #expect(try store.failures().isEmpty)
    #expect(try store.progress(of: "a").isEmpty)
    #expect(try store.progress(of: "b") == [step(0)])
    #expect(try store.running().isEmpty)
  }

  @Sendable private static func forgetForgetsTheseTargetsAndNo(_ store: any Store) throws {
    for target in ["a", "b"] {
      try store.finish(trace(target))
      try store.fail(failure(target))
      try store.record(step(0), of: target)
      try store.start(target, run: 1, at: 1)
    }
    try store.forget(["a", "unknown"])
    #expect(try store.traces().keys.sorted() == ["b"])
    #expect(try store.failures().keys.sorted() == ["b"])
    #expect(try store.progress(of: "a").isEmpty)
    #expect(try store.progress(of: "b").count == 1)
    #expect(try store.running() == ["b": 1])
  }

  @Sendable private static func stepsAreKeptByNumber(_ store: any Store) throws {
    try store.record(step(2), of: "a")
    try store.record(step(0), of: "a")
    try store.record(step(1, .started), of: "a")
    try store.record(step(1, .failed, text: "b"), of: "a")
    #expect(try store.progress(of: "a") == [step(0), step(1, .failed, text: "b"), step(2)])
    try store.forgetSteps(of: "a", from: 1)
    #expect(try store.progress(of: "a") == [step(0)])
  }

  @Sendable private static func aFailureKeepsTraceAndProgress(_ store: any Store) throws {
    try store.finish(trace("a"))
    try store.start("a", run: 2, at: 8)
    #expect(try store.running() == ["a": 8])
    try store.record(step(0), of: "a")
    try store.fail(failure("a", hint: "type `x`"))
    #expect(try store.failures() == ["a": failure("a", hint: "type `x`")])
    #expect(try store.running().isEmpty)
    #expect(try store.trace(of: "a") != nil)
    #expect(try store.progress(of: "a") == [step(0)])
    try store.fail(failure("a"))
    #expect(try store.failures() == ["a": failure("a")])
  }

  @Sendable private static func intentsStayUntilTheyAreSettled(_ store: any Store) throws {
    let first = Intent(action: "create", subject: "server/a", values: ["name": "lab-a"], at: 1.5)
    let second = Intent(action: "delete", subject: "server/b", values: [:], at: 2.5)
    let one = try store.begin(first)
    let two = try store.begin(second)
    #expect(one < two)
    try store.note(one, values: ["id": "u-1", "name": "lab-a2"])
    var expected = first
    expected.id = one
    expected.values = ["name": "lab-a2", "id": "u-1"]
    #expect(try store.intents().first == expected)
    try store.set(["gone": "x"])
    try store.settle(one, set: ["generation/a": "2", "gone": nil])
    #expect(try store.intents().map(\.id) == [two])
    #expect(try store.registers(prefix: "") == ["generation/a": "2"])
    // A number is never given twice.
    try store.settle(two, set: [:])
    #expect(try store.begin(first) > two)
  }

  @Sendable private static func aNoteOnNoIntentIs(_ store: any Store) throws {
    let error = #expect(throws: StoreError.self) { try store.note(77, values: [:]) }
    #expect(error?.code == .other)
    #expect(error?.cause == "there is no such open intent")
  }

  @Sendable private static func registersAreSetAndRemovedTogether(_ store: any Store) throws {
    try store.set(["generation/a": "1", "generation/b": "2", "generatio": "3", "x%": "4", "größe/a": "5"])
    #expect(try store.registers(prefix: "generation/") == ["generation/a": "1", "generation/b": "2"])
    #expect(try store.registers(prefix: "x%") == ["x%": "4"])
    #expect(try store.registers(prefix: "größe/") == ["größe/a": "5"])
    try store.set(["generation/a": nil, "generation/b": "9", "never": nil])
    #expect(try store.registers(prefix: "generation/") == ["generation/b": "9"])
    #expect(try store.registers(prefix: "").count == 4)
  }

  @Sendable private static func registersAndSecretsOutliveForget(_ store: any Store) throws {
    try store.set(["generation/a": "1"])
    _ = try store.secret("S") { "one" }
    try store.forget(["a", "S", "generation/a"])
    #expect(try store.registers(prefix: "") == ["generation/a": "1"])
    #expect(try store.secret("S") { "two" } == "one")
  }

  @Sendable private static func aSecretIsMadeOnce(_ store: any Store) throws {
    var made = 0
    let make: () -> String = {
      made += 1
      return "value\(made)"
    }
    #expect(try store.secret("A") == nil)
    #expect(try store.secret("A", make: make) == "value1")
    #expect(try store.secret("A") == "value1")
    #expect(try store.secret("A", make: make) == "value1")
    #expect(try store.secret("B", make: make) == "value2")
    #expect(made == 2)
  }

  @Sendable private static func runsAreNumberedNewestFirst(_ store: any Store) throws {
    let one = try store.beginRun(Run(command: "stackmake -k", startedAt: 1.5))
    let two = try store.beginRun(Run(command: "stackmake clean", startedAt: 2.5))
    try store.endRun(one, at: 9.5, status: 3)
    #expect(
      try store.runs(limit: 10) == [
        Run(id: two, command: "stackmake clean", startedAt: 2.5),
        Run(id: one, command: "stackmake -k", startedAt: 1.5, endedAt: 9.5, status: 3),
      ])
    #expect(try store.runs(limit: 1).map(\.id) == [two])
    #expect(try store.runs(limit: 0).isEmpty)
  }

  @Sendable private static func durationsAreTheMedian(_ store: any Store) throws {
    for run in 1...7 { try store.finish(trace("a", run: Int64(run), seconds: run == 7 ? 100 : Double(run))) }
    try store.finish(trace("b", run: 3, seconds: 4))
    try store.forget(["a"])
    #expect(try store.durations() == ["a": 5, "b": 4])
  }
}

/// The history.
extension StoreContract {
  static func turn(_ target: String, run: Int64, endedAt: Double = 20.25, outcome: String = "built") -> Turn {
    var step = Turn.Step(number: 1, text: "echo a …", place: "web-1 web-2", startedAt: 10.75, seconds: 3.5)
    step.phases = [Turn.Step.Phase("lists of packages", at: 0), Turn.Step.Phase("tables", at: 1.25)]
    return Turn(
      run: run, target: target, startedAt: 10.5, endedAt: endedAt, outcome: outcome,
      reasons: ["never built", "file `ü` changed"], cause: outcome == "built" ? nil : "exit status 1\nlast line",
      steps: [step, Turn.Step(number: 2, text: "", place: "", startedAt: 14.25)])
  }

  @Sendable private static func turnsComeBackAsTheyWere(_ store: any Store) throws {
    try store.finish(trace("b", run: 4), turn: turn("b", run: 4, endedAt: 30), kept: [])
    try store.fail(failure("a"), turn: turn("a", run: 4, outcome: "failed"))
    try store.finish(trace("a", run: 3), turn: turn("a", run: 3), kept: [])
    try store.endRun(
      4, at: 50, status: 3, turns: [turn("c", run: 4, endedAt: 40, outcome: "interrupted")], requests: [])
    #expect(
      try store.turns(of: 4) == [
        turn("a", run: 4, outcome: "failed"), turn("b", run: 4, endedAt: 30),
        turn("c", run: 4, endedAt: 40, outcome: "interrupted"),
      ])
    #expect(try store.runsWithTurns() == [4, 3])
    // The history outlives a clean.
    try store.forget(["a"])
    #expect(try store.turns(of: 3) == [turn("a", run: 3)])
    #expect(try store.turns(of: 9).isEmpty)
    // The last that went well.
    #expect(try store.lastBuilt("a") == turn("a", run: 3))
    #expect(try store.lastBuilt("c") == nil)
    #expect(try store.lastBuilt("d") == nil)
  }

  @Sendable private static func requestsAreKeptByRun(_ store: any Store) throws {
    func request(_ path: String, _ status: Int) -> RequestCount {
      RequestCount(method: "GET", host: "nova:8774", path: path, status: status, count: 3, seconds: 0.75)
    }
    try store.endRun(1, at: 5, status: 0, turns: [], requests: [request("/b", 200), request("/a", 503)])
    try store.endRun(2, at: 6, status: 0, turns: [], requests: [request("/a", 0)])
    #expect(try store.requests(of: 1) == [request("/a", 503), request("/b", 200)])
    #expect(try store.requests(of: 2) == [request("/a", 0)])
    #expect(try store.requests(of: 3).isEmpty)
  }

  @Sendable private static func theLastRunsAreKept(_ store: any Store) throws {
    let request = RequestCount(method: "GET", host: "h", path: "/", status: 200, count: 1, seconds: 0)
    for run in 1...Int64(runsKept + 3) {
      try store.finish(trace("a", run: run), turn: turn("a", run: run), kept: [])
      try store.endRun(run, at: 1, status: 0, turns: [], requests: [request])
    }
    // A run in which nothing was done takes no room.
    try store.endRun(Int64(runsKept + 4), at: 1, status: 0)
    #expect(try store.runsWithTurns() == (4...Int64(runsKept + 3)).reversed())
    #expect(try store.requests(of: 3).isEmpty)
    #expect(try store.requests(of: 4) == [request])
  }

  @Sendable private static func textsAreKept(_ store: any Store) throws {
    func text(_ text: String) -> KeptText { KeptText(digest: Fingerprint(of: text), text: text) }
    try store.finish(trace("a"), turn: nil, kept: [text("one\n"), text("two\n")])
    try store.finish(trace("b"), turn: nil, kept: [text("two\n")])
    #expect(try store.keptText(Fingerprint(of: "one\n")) == "one\n")
    try store.finish(trace("a", run: 2), turn: nil, kept: [text("three\n")])
    try store.forget(["unknown"])
    try store.endRun(2, at: 1, status: 0)
    #expect(try store.keptText(Fingerprint(of: "one\n")) == nil)
    #expect(try store.keptText(Fingerprint(of: "two\n")) == "two\n")
    try store.forget(["b"])
    try store.endRun(3, at: 1, status: 0)
    #expect(try store.keptText(Fingerprint(of: "two\n")) == nil)
    #expect(try store.keptText(Fingerprint(of: "three\n")) == "three\n")
  }
}

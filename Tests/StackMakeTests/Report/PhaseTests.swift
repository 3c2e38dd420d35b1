import Support
import Testing

@testable import StackMake

@Suite struct PhaseTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var line: String
    var phase: Phase?
    var testDescription: String { line.isEmpty ? "nothing" : line }
  }

  static let cases = [
    Case(line: "::phase 3/12 74s Starting Nova", phase: Phase("Starting Nova", number: 3, of: 12, at: 74)),
    Case(line: "::phase 1/1 tables", phase: Phase("tables", number: 1, of: 1)),
    Case(line: "::phase 0.5s tables\r", phase: Phase("tables", at: 0.5)),
    Case(line: "::phase   Starting  OVN services ", phase: Phase("Starting  OVN services")),
    Case(line: "::phase 3/12 3rd try", phase: Phase("3rd try", number: 3, of: 12)),
    // What is no number of a phase belongs to its name.
    Case(line: "::phase 13/12 late", phase: Phase("13/12 late")),
    Case(line: "::phase 0/2 early", phase: Phase("0/2 early")),
    Case(line: "::phase 1/2/3 odd", phase: Phase("1/2/3 odd")),
    Case(line: "::phase -4s odd", phase: Phase("-4s odd")),
    Case(line: "::phase infs odd", phase: Phase("infs odd")),
    Case(line: "::phase 3/12"), Case(line: "::phase 3/12 4s"), Case(line: "::phase "), Case(line: "::phase"),
    Case(line: " ::phase 1/2 indented"), Case(line: "::phases 1/2 others"), Case(line: "Starting Nova"), Case(line: ""),
  ]

  @Test(arguments: cases) func aLineNamesAPhase(_ test: Case) {
    #expect(Phase(line: test.line) == test.phase)
  }

  @Test func aPhaseAsText() {
    #expect(Phase("tables", number: 1, of: 2).text == "phase 1 of 2: tables")
    #expect(Phase("tables").text == "phase: tables")
    #expect(Phase("tables", number: 1, of: 2).brief == "phase 1/2 tables")
  }

  private static func turn(_ phases: [Turn.Step.Phase], seconds: Double? = 100) -> Turn {
    var step = Turn.Step(number: 2, text: "", place: "", startedAt: 1010, seconds: seconds)
    step.phases = phases
    return Turn(run: 1, target: "a", startedAt: 1000, endedAt: 1115, outcome: "built", steps: [step])
  }

  @Test func whatIsLeftIsWhatItTookBefore() {
    let times = PhaseTimes(Self.turn([.init("one", at: 0), .init("two", at: 60)]))
    #expect(times.secondsLeft(step: 2, phase: "one") == 105)
    // With the steps that follow.
    #expect(times.secondsLeft(step: 2, phase: "two") == 45)
    #expect(times.secondsLeft(step: 1, phase: "two") == nil)
    #expect(times.secondsLeft(step: 2, phase: "three") == nil)
    #expect(PhaseTimes(nil).secondsLeft(step: 2, phase: "one") == nil)
    // Of two attempts, the one that went well.
    let again = PhaseTimes(Self.turn([.init("one", at: 0), .init("two", at: 10), .init("one", at: 40)]))
    #expect(again.secondsLeft(step: 2, phase: "one") == 65)
    // A step that was only followed to its end says nothing of how long it takes.
    #expect(PhaseTimes(Self.turn([.init("two", at: 160)])).secondsLeft(step: 2, phase: "two") == nil)
    #expect(PhaseTimes(Self.turn([.init("two", at: 60)], seconds: nil)).secondsLeft(step: 2, phase: "two") == nil)
  }

  /// A build says the phases of a script, and the next one what is left of them.
  @Test(.timeLimit(.minutes(1))) func aBuildLearnsFromTheLast() async throws {
    let world = EngineWorld()
    world.runner.prints("a 1", ["::phase 1/2 0s S3 lists", "::phase 2/2 packages", "Unpacking", "done"])
    let text = "a:\n    one\nv = 1\n"
    func phases(_ result: EngineWorld.Result) -> [Event] {
      result.events.filter { if case .phase = $0 { true } else { false } }
    }
    let lists = Phase("S3 lists", number: 1, of: 2, at: 0)
    let packages = Phase("packages", number: 2, of: 2)
    let first = try await world.build(text, secrets: ["P": "S3"])
    #expect(
      phases(first) == [
        .phase(target: "a", place: nil, phase: lists, secondsLeft: nil),
        .phase(target: "a", place: nil, phase: packages, secondsLeft: nil),
      ])
    #expect(first.events.contains(.output(target: "a", place: nil, line: "Unpacking")))
    let turn = try #require(world.store.lastBuilt("a"))
    #expect(turn.steps[0].phases.map(\.name) == ["•••• lists", "packages"])

    let second = try await world.build(text, forced: ["a"])
    let left = PhaseTimes(turn).secondsLeft(step: 1, phase: "packages")
    #expect(left != nil)
    #expect(phases(second).last == .phase(target: "a", place: nil, phase: packages, secondsLeft: left))
  }

  private static let started: [(Double, Event)] = [
    (0, .runStarted(run: 1, wanted: 40)),
    (1, .started(target: "stacked/controller", reasons: [.neverBuilt], expectedSeconds: 400)),
    (2, .started(target: "packages/compute-1", reasons: [.neverBuilt], expectedSeconds: nil)),
    (
      3,
      .stepStarted(
        target: "stacked/controller", number: 12, of: 16, text: "once run-stack /opt/stack", place: "controller")
    ),
    (
      4,
      .phase(
        target: "packages/compute-1", place: "compute-1", phase: Phase("lists of packages", number: 1, of: 3),
        secondsLeft: nil)
    ),
    (5, .output(target: "packages/compute-1", place: "compute-1", line: "Get:7 http://deb.debian.org bookworm")),
    (
      95,
      .phase(
        target: "stacked/controller", place: "controller",
        phase: Phase("Creating initial neutron network elements", number: 16, of: 23, at: 92), secondsLeft: 65)
    ),
  ]

  @Test(arguments: [
    (
      80,
      """
        stacked/controller  1 min 34 s, 1 min 05 s left  phase 16/23 Creating initia…
        packages/compute-1  1 min 33 s                   phase 1/3 lists of packages…
      stackmake: 0 of 40 done, 2 running, 1 min 35 s
      """
    ),
    (
      140,
      """
        stacked/controller  1 min 34 s, 1 min 05 s left  step 12/16 phase 16/23 Creating initial neutron network elements
        packages/compute-1  1 min 33 s                   phase 1/3 lists of packages: Get:7 http://deb.debian.org bookworm
      stackmake: 0 of 40 done, 2 running, 1 min 35 s
      """
    ),
  ]) func theScreenSaysIt(width: Int, expected: String) {
    var table = LiveTable(now: 0, verbosity: .normal, hasColor: false, words: LiveTableTests.words)
    for (time, event) in Self.started { table.apply(event, now: time) }
    #expect(table.frame(width: width, height: 24, now: 95).joined(separator: "\n") == expected)
  }

  @Test func theFrameOfAFailureSaysIt() {
    var table = LiveTable(now: 0, verbosity: .normal, hasColor: false, words: LiveTableTests.words)
    for (time, event) in Self.started { table.apply(event, now: time) }
    let error = StepError(operation: "run step 12 of 16", subject: "controller", cause: "exited with status 1")
    table.apply(.finished(target: "stacked/controller", outcome: .failed(error), seconds: 99), now: 100)
    #expect(
      table.takeScrolled(width: 140).prefix(3) == [
        "┌ stacked/controller failed on controller after 1 min 39 s",
        "│ step 12 of 16: once run-stack /opt/stack",
        "│ in phase 16/23 Creating initial neutron network elements",
      ])
  }

  @Test func plainLinesAndJSONSayIt() {
    let event = Self.started.last!.1
    #expect(
      EventText(verbosity: .normal).lines(event) == [
        "stacked/controller: phase 16 of 23: Creating initial neutron network elements"
      ])
    #expect(EventText(verbosity: .silent).lines(event) == [])
    #expect(
      JSONEvent(event, at: 2).line == #"{"at":2,"number":16,"of":23,"place":"controller","seconds":65,"#
        + #""target":"stacked/controller","text":"Creating initial neutron network elements","type":"phase","#
        + #""version":1}"# + "\n")
  }

  @Test func theTraceHasItInItsStep() {
    let recorder = TextRecorder()
    let trace = ChromeTraceReporter(sink: recorder, now: { 0 })
    for (_, event) in Self.started { trace.report(event) }
    trace.report(
      .phase(target: "stacked/controller", place: nil, phase: Phase("Starting Nova"), secondsLeft: nil))
    trace.report(.stepFinished(target: "stacked/controller", number: 12, seconds: 1))
    trace.report(.finished(target: "stacked/controller", outcome: .built, seconds: 1))
    let lane = recorder.written.split(separator: "\n").filter { $0.contains(#""tid":1"#) && $0.contains(#""ph""#) }
    let marks = lane.map { $0.contains(#""ph":"B""#) ? "B" : $0.contains(#""ph":"E""#) ? "E" : "" }.joined()
    // Target, step, phase; the next phase ends the one before; all end.
    #expect(marks == "BBBEBEEE")
  }
}

import Support
import Synchronization
import Testing

@testable import StackMake

@Suite struct ForecastTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var states: [String: Schedule.State]
    var jobs = 8
    var built: Set<String> = []
    var elapsed: [String: Double] = [:]
    var untimed: Set<String> = []
    var expected: Double?
  }

  /// Two chains of three, and one that follows both in order alone.
  private static let file =
    "a:\n    x\nb: a\n    x\nc: b\n    x\nd:\n    x\ne: d\n    x\nf: e\n    x\nlast: | c f\n    x\n"
  private static let seconds: [String: Double] = ["a": 10, "b": 20, "c": 30, "d": 1, "e": 2, "f": 3, "last": 4]

  static let cases = [
    Case(testDescription: "the longest chain, where all may run", states: ["a": .queued, "d": .queued], expected: 64),
    Case(testDescription: "the work, where one may", states: ["a": .queued, "d": .queued], jobs: 1, expected: 70),
    Case(
      testDescription: "what has passed counts", states: ["a": .running, "d": .done(ok: true), "e": .running],
      elapsed: ["a": 4, "e": 1], expected: 60),
    Case(
      testDescription: "longer than ever is nearly over", states: ["a": .running, "d": .queued], elapsed: ["a": 100],
      expected: 54),
    Case(
      testDescription: "what was built, and only comes later, may be up to date", states: ["a": .queued, "d": .queued],
      built: ["last", "e", "f"], expected: 60),
    Case(
      testDescription: "what was skipped doesn't count",
      states: [
        "a": .done(ok: false), "b": .done(ok: false), "c": .done(ok: false), "d": .running, "last": .done(ok: false),
      ],
      expected: 6),
    Case(testDescription: "one that was never timed", states: ["a": .queued, "d": .queued], untimed: ["f"]),
    Case(
      testDescription: "nothing left",
      states: Dictionary(uniqueKeysWithValues: seconds.keys.map { ($0, .done(ok: true)) })),
  ]

  @Test(arguments: cases) func whatIsLeft(_ test: Case) throws {
    let graph = try Graph.stackfile(Self.file)
    let forecast = Forecast(
      graph: graph, wanted: graph.closure(of: Array(graph.targets)), jobs: test.jobs,
      seconds: { test.untimed.contains(graph.name($0)) ? nil : Self.seconds[graph.name($0)] },
      wasBuilt: { test.built.contains(graph.name($0)) })
    let left = forecast.secondsLeft(
      state: { test.states[graph.name($0)] ?? .waiting }, elapsed: { test.elapsed[graph.name($0)] ?? 0 })
    #expect(left == test.expected)
  }

  /// Said at once and then once a second, however often it is asked for.
  @Test func isSaidOnceASecond() throws {
    let graph = try Graph.stackfile("a:\n    x\n")
    let wanted = Array(graph.targets)
    var outlook = Outlook(
      forecast: Forecast(graph: graph, wanted: wanted, jobs: 1, seconds: { _ in 5 }, wasBuilt: { _ in false }))
    var schedule = Schedule(graph: graph, wanted: wanted, jobs: 1, keepsGoing: false, seconds: { _ in 1 })
    #expect(outlook.secondsLeft(schedule, at: 100) == nil)
    let target = wanted[0]
    #expect(schedule.check() == target)
    schedule.queue(target)
    #expect(schedule.start() == target)
    outlook.begin(target, at: 100)
    #expect(outlook.secondsLeft(schedule, at: 100) == 5)
    #expect(outlook.secondsLeft(schedule, at: 100.5) == nil)
    #expect(outlook.secondsLeft(schedule, at: 101.5) == 3.5)
  }
}

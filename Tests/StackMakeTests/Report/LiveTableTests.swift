import Support
import Testing

@testable import StackMake

@Suite struct LiveTableTests {
  private func table(
    verbosity: EventText.Verbosity = .normal, hasColor: Bool = false, _ events: [(Double, Event)]
  ) -> LiveTable {
    var table = LiveTable(now: 0, verbosity: verbosity, hasColor: hasColor, words: Self.words)
    for (time, event) in events { table.apply(event, now: time) }
    return table
  }

  static let words = LiveTable.Words(
    clock: { "00:0\(Int($0) / 60)" }, log: { ".stackmake/logs/\($0)/\($1).log" })

  private static let started: [(Double, Event)] = [
    (0, .runStarted(run: 1, wanted: 5)),
    (0, .forecast(secondsLeft: 100)),
    (1, .finished(target: "layout", outcome: .fresh, seconds: 0)),
    (2, .started(target: "server/compute-1", reasons: [.neverBuilt], expectedSeconds: 40)),
    (3, .started(target: "web", reasons: [.forced], expectedSeconds: nil)),
    (4, .stepStarted(target: "server/compute-1", number: 2, of: 3, text: "apt-get update", place: "compute-1")),
    (5, .output(target: "server/compute-1", place: nil, line: "Hit:1 \u{1b}[1mhttp://apt.mirror.lan\u{1b}[0m")),
    (6, .output(target: "server/compute-1", place: nil, line: "  ")),
  ]

  @Test func showsWhatRuns() {
    #expect(
      table(Self.started).frame(width: 100, height: 24, now: 14.3) == [
        "  server/compute-1  12 s, 28 s left  step 2/3 Hit:1 http://apt.mirror.lan",
        "  web               11 s             asked for with `-B`",
        "stackmake: 1 of 5 done, 2 running, 14 s, 1 min 26 s left, done at 00:01",
      ])
  }

  @Test func isCutToTheWidth() {
    let frame = table(Self.started).frame(width: 40, height: 24, now: 14.3)
    #expect(
      frame == [
        "  server/compute…  12 s, 28 s left  st…",
        "  web              11 s             as…",
        "stackmake: 1 of 5 done, 2 running, 14 …",
      ])
    #expect(frame.allSatisfy { DisplayText.width($0) < 40 })
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 10, 24], [1, 10, 80])
  func neverHasMoreRowsThanTheTerminal(height: Int, width: Int) {
    var events: [(Double, Event)] = []
    for i in 0..<12 { events.append((Double(i), .started(target: "t/\(i)", reasons: [], expectedSeconds: nil))) }
    let frame = table(events).frame(width: width, height: height, now: 20)
    #expect(frame.count <= max(0, height - 1))
    #expect(frame.allSatisfy { DisplayText.width($0) <= max(1, width - 1) })
  }

  @Test func saysHowManyItDoesNotShow() {
    var events: [(Double, Event)] = []
    for i in 0..<12 { events.append((0, .started(target: "t/\(i)", reasons: [.forced], expectedSeconds: nil))) }
    #expect(
      table(events).frame(width: 60, height: 5, now: 20) == [
        "  t/0  20 s  asked for with `-B`",
        "  t/1  20 s  asked for with `-B`",
        "  and 10 more",
        "stackmake: 0 of 0 done, 12 running, 20 s",
      ])
  }

  @Test func finishedTargetsAreScrolledOnce() {
    var table = table(Self.started)
    table.apply(.finished(target: "server/compute-1", outcome: .built, seconds: 12), now: 15)
    table.apply(.finished(target: "web", outcome: .failed(ReporterTests.error), seconds: 5), now: 16)
    #expect(
      table.takeScrolled(width: 80) == [
        "server/compute-1: built in 12 s", "┌ web failed after 5.0 s", "│ create server: lab-1: nova answered 403",
        "│ quota reached", "│ hint: raise the quota", "└ all of it: stackmake log web (.stackmake/logs/web/1.log)",
      ])
    #expect(table.takeScrolled(width: 80) == [])
    #expect(
      table.frame(width: 80, height: 24, now: 101) == ["stackmake: 3 of 5 done, 0 running, 1 failed, 1 min 41 s"])
    table.apply(.runFinished(TextTests.summary(1, fresh: 1)), now: 102)
    #expect(table.frame(width: 80, height: 24, now: 101) == [])
    #expect(table.takeScrolled(width: 80) == ["stackmake: 1 target is up to date"])
  }

  @Test func aFailureIsFramed() {
    var table = table(Self.started)
    _ = table.takeScrolled(width: 80)
    table.apply(.finished(target: "server/compute-1", outcome: .failed(ReporterTests.error), seconds: 72), now: 76)
    let lines = table.takeScrolled(width: 40)
    #expect(
      lines == [
        "┌ server/compute-1 failed on compute-1", "│ after 1 min 12 s", "│ step 2 of 3: apt-get update",
        "│ create server: lab-1: nova answered", "│ 403", "│ quota reached", "│ hint: raise the quota",
        "└ all of it: stackmake log", "  server/compute-1", "  (.stackmake/logs/server/compute-1/1.lo", "  g)",
      ])
  }

  @Test func colorsOnlyWhereItMay() {
    var table = table(hasColor: true, [])
    table.apply(.finished(target: "a", outcome: .built, seconds: 12), now: 1)
    table.apply(.finished(target: "b", outcome: .failed(ReporterTests.error), seconds: 5), now: 1)
    #expect(
      table.takeScrolled(width: 80) == [
        "\u{1b}[32ma: built in 12 s\u{1b}[0m",
        "\u{1b}[31m┌ b failed after 5.0 s\u{1b}[0m", "│ create server: lab-1: nova answered 403", "│ quota reached",
        "│ hint: raise the quota", "└ all of it: stackmake log b (.stackmake/logs/b/0.log)",
      ])
  }

  @Test func verboseScrollsAll() {
    var table = table(verbosity: .verbose, Self.started)
    #expect(
      table.takeScrolled(width: 80) == [
        "layout: up to date", "server/compute-1: building (never built)", "web: building (asked for with `-B`)",
        "server/compute-1: step 2 of 3: apt-get update", "server/compute-1: Hit:1 http://apt.mirror.lan",
        "server/compute-1:   ",
      ])
  }
}

@Suite struct TerminalReporterTests {
  @Test func drawsScrollsAndGivesTheCursorBack() {
    let time = ManualTime()
    let sink = TextRecorder()
    let reporter = TerminalReporter(
      sink: sink, verbosity: .normal, hasColor: false, size: { .init(width: 80, height: 24) }, now: { time.now },
      words: LiveTableTests.words, interval: nil)
    reporter.report(.runStarted(run: 1, wanted: 1))
    reporter.report(.started(target: "a", reasons: [.forced], expectedSeconds: nil))
    reporter.draw()
    // Nothing changed: nothing is written.
    reporter.draw()
    time.advance(by: 2)
    reporter.report(.finished(target: "a", outcome: .built, seconds: 2))
    reporter.draw()
    reporter.report(.runFinished(TextTests.summary(1, built: 1, seconds: 2)))
    reporter.finish()
    reporter.finish()
    #expect(
      sink.written.replacing("\u{1b}", with: "^") == """
        ^[?25l  a  0 s  asked for with `-B`
        stackmake: 0 of 1 done, 1 running, 0 s
        \r^[2A^[Ja: built in 2.0 s
        stackmake: 1 of 1 done, 0 running, 2 s
        \r^[1A^[Jstackmake: 1 target: 1 built (2.0 s)
        ^[?25h
        """)
  }

  @Test func countsRowsThatANarrowerTerminalWrapped() {
    let width = ManualTime(80)
    let sink = TextRecorder()
    let reporter = TerminalReporter(
      sink: sink, verbosity: .normal, hasColor: false, size: { .init(width: Int(width.now), height: 24) },
      now: { 0 }, words: LiveTableTests.words, interval: nil)
    reporter.draw()
    width.advance(by: -60)
    reporter.draw()
    // 38 columns are two rows of a terminal that has 20.
    #expect(sink.written.contains("\u{1b}[2A\u{1b}[Jstackmake: 0 of 0 …\n"))
    reporter.finish()
  }

  @Test(.timeLimit(.minutes(1))) func drawsByItself() async throws {
    let sink = TextRecorder()
    let reporter = TerminalReporter(
      sink: sink, verbosity: .normal, hasColor: false, size: { .init(width: 80, height: 24) }, now: { 0 },
      words: LiveTableTests.words, interval: 0.01)
    reporter.report(.warning(target: nil, text: "hello"))
    while !sink.written.contains("hello") { try await Task.sleep(for: .milliseconds(2)) }
    reporter.finish()
    #expect(sink.written.hasSuffix(TerminalReporter.restore))
  }
}

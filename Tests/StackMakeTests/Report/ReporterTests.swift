import FoundationEssentials
import Support
import Synchronization
import Testing

@testable import StackMake

@Suite struct ReporterTests {
  static let error = StepError(
    operation: "create server", subject: "lab-1", cause: "nova answered 403\nquota reached", hint: "raise the quota")

  static var run: [Event] {
    var summary = Summary()
    (summary.wanted, summary.fresh, summary.built, summary.failed, summary.skipped, summary.seconds) = (
      4, 1, 1, 1, 1, 42
    )
    return [
      .runStarted(run: 7, wanted: 4),
      .finished(target: "layout", outcome: .fresh, seconds: 0),
      .started(target: "server/a", reasons: [.neverBuilt], expectedSeconds: nil),
      .started(target: "web", reasons: [.forced, .unfinished(step: 0)], expectedSeconds: 30),
      .stepStarted(target: "server/a", number: 1, of: 2, text: "apt-get update", place: "a"),
      .trace(target: "server/a", text: "GET /servers"),
      .output(target: "server/a", place: "a", line: "Hit:1 \u{1b}[1mdebian\u{1b}[0m"),
      .output(target: "web", place: "b", line: "one"),
      .stepFinished(target: "server/a", number: 1, seconds: 3),
      .stepStarted(target: "web", number: 1, of: 1, text: "make web", place: "b"),
      .note(target: "web", text: "waiting for ssh"),
      .warning(target: nil, text: "old \"record\""),
      .finished(target: "server/a", outcome: .built, seconds: 12),
      .finished(target: "web", outcome: .failed(error), seconds: 5),
      .finished(target: "site", outcome: .skipped(because: "web"), seconds: 0),
      .runFinished(summary),
    ]
  }

  @Test(arguments: [
    (
      EventText.Verbosity.normal,
      """
      server/a: building (never built)
      web: building (asked for with `-B`; stopped at step 1 in an earlier run)
      server/a: step 1 of 2: apt-get update
      server/a: Hit:1 debian
      web (b): one
      web: step 1 of 1 on b: make web
      web: waiting for ssh
      stackmake: warning: old "record"
      server/a: built in 12 s
      web: failed: create server: lab-1: nova answered 403
      web: quota reached
      web:   hint: raise the quota
      site: skipped: it depends on `web`
      stackmake: 4 targets: 1 fresh, 1 built, 1 failed, 1 skipped (42 s)

      """
    ),
    (
      .silent,
      """
      stackmake: warning: old "record"
      web: failed: create server: lab-1: nova answered 403
      web: quota reached
      web:   hint: raise the quota
      stackmake: 4 targets: 1 fresh, 1 built, 1 failed, 1 skipped (42 s)

      """
    ),
  ])
  func plain(verbosity: EventText.Verbosity, expected: String) {
    let sink = TextRecorder()
    let reporter = PlainReporter(sink: sink, verbosity: verbosity)
    for event in Self.run { reporter.report(event) }
    #expect(sink.written == expected)
  }

  @Test func plainVerboseShowsMore() {
    let sink = TextRecorder()
    let reporter = PlainReporter(sink: sink, verbosity: .verbose)
    for event in Self.run { reporter.report(event) }
    let lines = sink.written.split(separator: "\n")
    #expect(lines.first == "layout: up to date")
    #expect(lines.contains("server/a: + GET /servers"))
    #expect(lines.contains("server/a: step 1 took 3.0 s"))
  }

  @Test func plainSilentSaysNothingWhereAllIsWell() {
    let sink = TextRecorder()
    let reporter = PlainReporter(sink: sink, verbosity: .silent)
    reporter.report(.runFinished(TextTests.summary(2, fresh: 1, built: 1)))
    #expect(sink.written == "")
  }

  @Test func json() {
    let sink = TextRecorder()
    let reporter = JSONReporter(sink: sink, isVerbose: false) { 1_800_000_000.5 }
    for event in Self.run { reporter.report(event) }
    let at = #""at":1800000000.5"#
    let lines = sink.written.split(separator: "\n").map(String.init)
    #expect(
      lines == [
        #"{\#(at),"run":7,"type":"run-started","version":1,"wanted":4}"#,
        #"{\#(at),"outcome":"fresh","seconds":0,"target":"layout","type":"finished","version":1}"#,
        #"{\#(at),"reasons":[{"text":"never built","what":"never-built"}],"#
          + #""target":"server/a","type":"started","version":1}"#,
        #"{\#(at),"expected-seconds":30,"reasons":[{"text":"asked for with `-B`","what":"forced"},"#
          + #"{"key":"step 1","text":"stopped at step 1 in an earlier run","what":"unfinished"}],"#
          + #""target":"web","type":"started","version":1}"#,
        #"{\#(at),"number":1,"of":2,"place":"a","target":"server/a","text":"apt-get update","#
          + #""type":"step-started","version":1}"#,
        #"{\#(at),"place":"a","target":"server/a","text":"Hit:1 \u001b[1mdebian\u001b[0m","type":"output","version":1}"#,
        #"{\#(at),"place":"b","target":"web","text":"one","type":"output","version":1}"#,
        #"{\#(at),"number":1,"seconds":3,"target":"server/a","type":"step-finished","version":1}"#,
        #"{\#(at),"number":1,"of":1,"place":"b","target":"web","text":"make web","type":"step-started","version":1}"#,
        #"{\#(at),"target":"web","text":"waiting for ssh","type":"note","version":1}"#,
        #"{\#(at),"text":"old \"record\"","type":"warning","version":1}"#,
        #"{\#(at),"outcome":"built","seconds":12,"target":"server/a","type":"finished","version":1}"#,
        #"{\#(at),"error":{"cause":"nova answered 403\nquota reached","code":"failed","hint":"raise the quota","#
          + #""operation":"create server","subject":"lab-1"},"outcome":"failed","seconds":5,"target":"web","#
          + #""type":"finished","version":1}"#,
        #"{\#(at),"because":"web","outcome":"skipped","seconds":0,"target":"site","type":"finished","version":1}"#,
        #"{\#(at),"counts":{"built":1,"failed":1,"fresh":1,"interrupted":0,"locked":0,"skipped":1},"#
          + #""seconds":42,"type":"run-finished","version":1,"wanted":4}"#,
      ])
  }

  @Test func jsonOfAPlanAndOfStatus() {
    let target = JSONTarget(
      type: "plan", target: "web", kind: "task", state: "stale",
      reasons: [.changed(key: "setting a", old: nil, new: "b")],
      steps: [JSONStep(number: 1, text: "echo a/b", place: nil, once: false)])
    #expect(
      target.line
        == #"{"kind":"task","reasons":[{"key":"setting a","new":"b","text":"setting `a` was added (b)","#
        + #""what":"changed"}],"state":"stale","steps":[{"number":1,"once":false,"text":"echo a/b"}],"#
        + #""target":"web","type":"plan","version":1}"# + "\n")
    let server = JSONServer(
      server: "a", id: "u", generation: 2, address: "10.0.0.2", hostKey: "host key verified", problem: "stopped")
    #expect(
      server.line
        == #"{"address":"10.0.0.2","generation":2,"host-key":"host key verified","id":"u","problem":"stopped","#
        + #""server":"a","type":"server","version":1}"#
        + "\n")
  }

  @Test func chromeTrace() {
    let time = ManualTime(100)
    let sink = TextRecorder()
    let reporter = ChromeTraceReporter(sink: sink) { time.now }
    for event in Self.run {
      time.advance(by: 0.5)
      reporter.report(event)
    }
    #expect(
      sink.written == #"""
        [
        {"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"stackmake"}},
        {"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"server/a"}},
        {"name":"server/a","cat":"target","ph":"B","ts":1500000,"pid":1,"tid":1,"args":{"why":"never built"}},
        {"name":"thread_name","ph":"M","pid":1,"tid":2,"args":{"name":"web"}},
        {"name":"web","cat":"target","ph":"B","ts":2000000,"pid":1,"tid":2,"args":{"why":"asked for with `-B`; stopped at step 1 in an earlier run"}},
        {"name":"step 1","cat":"step","ph":"B","ts":2500000,"pid":1,"tid":1,"args":{"of":2,"text":"apt-get update"}},
        {"ph":"E","ts":4500000,"pid":1,"tid":1},
        {"name":"step 1","cat":"step","ph":"B","ts":5000000,"pid":1,"tid":2,"args":{"of":1,"text":"make web"}},
        {"ph":"E","ts":6500000,"pid":1,"tid":1,"args":{"outcome":"built"}},
        {"ph":"E","ts":7000000,"pid":1,"tid":2},
        {"ph":"E","ts":7000000,"pid":1,"tid":2,"args":{"outcome":"failed"}}
        ]

        """#)
  }

  @Test func chromeTraceIsJSONWhateverItSays() throws {
    let sink = TextRecorder()
    let reporter = ChromeTraceReporter(sink: sink) { 0 }
    reporter.report(.started(target: "t", reasons: [], expectedSeconds: nil))
    reporter.report(.stepStarted(target: "t", number: 1, of: 1, text: "a\"b\\c\n\t\u{1}é", place: nil))
    let cut = sink.written
    reporter.report(.runFinished(Summary()))
    struct Line: Decodable {
      struct Arguments: Decodable { var text: String? }
      var ph: String
      var args: Arguments?
    }
    let lines = try JSONDecoder().decode([Line].self, from: Data(sink.written.utf8))
    #expect(lines.map(\.ph) == ["M", "M", "B", "B", "E"])
    #expect(lines[3].args?.text == "a\"b\\c\n\t\u{1}é")
    // What an interrupted run leaves only lacks its end.
    #expect(try JSONDecoder().decode([Line].self, from: Data((cut + "]").utf8)).count == 4)
  }

  @Test func fanOutKeepsOrderAndHidesSecrets() {
    let (direct, queued) = (RecordingReporter(), RecordingReporter())
    let reporters = Reporters(redactor: Redactor(secrets: ["S3"]), direct: [direct], queued: [queued])
    let events = (0..<1000).map { Event.output(target: "t", place: nil, line: "\($0) S3") }
    events.forEach { reporters.report($0) }
    reporters.flush()
    let expected = (0..<1000).map { Event.output(target: "t", place: nil, line: "\($0) ••••") }
    #expect(direct.events == expected)
    #expect(queued.events == expected)
  }

  /// A reader that takes nothing until the gate opens.
  private final class SlowReporter: Reporter {
    let gate = Mutex(())
    let inner = RecordingReporter()
    func report(_ event: Event) { gate.withLock { _ in inner.report(event) } }
  }

  @Test func aSlowReaderLosesOutputOnly() {
    let slow = SlowReporter()
    let log = RecordingReporter()
    let reporters = Reporters(redactor: Redactor(secrets: [String]()), direct: [log], queued: [slow], limit: 10)
    slow.gate.withLock { _ in
      // None of this waits for the reader.
      for i in 0..<100 { reporters.report(.output(target: "t", place: nil, line: "\(i)")) }
      for i in 0..<50 { reporters.report(.finished(target: "\(i)", outcome: .built, seconds: 1)) }
    }
    reporters.flush()
    let told = slow.inner.events
    let finished = told.filter { if case .finished = $0 { true } else { false } }
    #expect(finished == (0..<50).map { Event.finished(target: "\($0)", outcome: .built, seconds: 1) })
    let outputs = told.filter { if case .output = $0 { true } else { false } }.count
    // The reader's thread may take some before it comes to the gate: then they are left out in two places.
    let left = told.compactMap { event -> Int? in
      guard case .warning(nil, let text) = event, text.hasSuffix("left out here: the reader is too slow") else {
        return nil
      }
      return text.split(separator: " ").first.flatMap { Int($0) }
    }
    #expect((10...30).contains(outputs))
    #expect(left.reduce(0, +) == 100 - outputs)
    #expect(log.events.count == 150)
  }
}

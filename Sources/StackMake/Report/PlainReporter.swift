/// Lines prefixed by target, for pipes, files and CI.
package struct PlainReporter: Reporter {
  private let sink: any TextSink
  private let text: EventText

  package init(sink: any TextSink, verbosity: EventText.Verbosity) {
    self.sink = sink
    text = EventText(verbosity: verbosity)
  }

  package func report(_ event: Event) { report([event]) }

  /// One write for many lines, and for all of an event: the lines of two events never mix.
  package func report(_ events: [Event]) {
    var pending = ""
    for event in events {
      for line in text.lines(event) { pending += line + "\n" }
      if pending.utf8.count < Self.writeSize { continue }
      sink.write(pending)
      pending = ""
    }
    if !pending.isEmpty { sink.write(pending) }
  }

  private static let writeSize = 32 * 1024
}

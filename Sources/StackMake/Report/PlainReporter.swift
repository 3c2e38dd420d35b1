/// Lines prefixed by target, for pipes, files and CI.
package struct PlainReporter: Reporter {
  private let sink: any TextSink
  private let text: EventText

  package init(sink: any TextSink, verbosity: EventText.Verbosity) {
    self.sink = sink
    text = EventText(verbosity: verbosity)
  }

  package func report(_ event: Event) {
    let lines = text.lines(event)
    // One write for an event: the lines of two events never mix.
    if !lines.isEmpty { sink.write(lines.joined(separator: "\n") + "\n") }
  }
}

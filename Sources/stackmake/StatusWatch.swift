import Dispatch
import Glibc
import StackMake

/// Looks at a cluster again and again: on a terminal it draws over what it drew, elsewhere it says what changed.
///
/// It only reads, and holds no lock: a build goes on beside it.
struct StatusWatch {
  let interval: Double
  let json: Bool
  let look: () async throws -> StatusLook

  /// What was seen at one look: rows, or what kept them from being seen.
  private enum Seen {
    case rows(StatusLook)
    case trouble(String)
  }

  /// Returns when nobody reads it any more, and ends with status 130 at Ctrl-C; where even the first look fails, with what that says.
  func run() async throws {
    let isDrawn = !json && Terminal.isTerminal(1) && environment("TERM") != "dumb"
    let signals = Self.atTheEnd(isDrawn)
    defer { for source in signals { source.cancel() } }
    var seen = Seen.rows(try await look())
    var before = StatusLook.none
    var trouble = ""
    var region = ScreenRegion()
    if isDrawn { Console.write(TerminalReporter.hide, to: .standardOutput) }
    while true {
      if isDrawn {
        let size = Terminal.size(1)
        let text = region.change(to: frame(seen, height: size.height), width: size.width)
        if !text.isEmpty { Console.write(text, to: .standardOutput) }
      } else {
        say(seen, &before, &trouble)
      }
      // Nobody reads it any more, or its disk is full.
      guard Console.isHeard else { return }
      try await Task.sleep(for: .seconds(interval))
      seen = try await again()
    }
  }

  private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Nothing has to be finished: Ctrl-C may come at any time.
  private static func atTheEnd(_ isDrawn: Bool) -> [any DispatchSourceSignal] {
    let queue = DispatchQueue(label: "stackmake.watch")
    return [SIGINT, SIGTERM].map { number in
      signal(number) { _ in }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { @Sendable in
        if isDrawn { Console.write(TerminalReporter.restore, to: .standardOutput) }
        _exit(ExitStatusError.interrupted.status)
      }
      source.resume()
      return source
    }
  }

  /// A cloud that doesn't answer now, or a Stackfile that is being edited, is no reason to stop looking.
  private func again() async throws -> Seen {
    let messages = KeptMessages()
    do {
      return .rows(try await Console.$kept.withValue(messages) { try await look() })
    } catch is ExitStatusError {
      return .trouble(messages.text)
    }
  }

  private func frame(_ seen: Seen, height: Int) -> [String] {
    var lines: [(text: String, saysLittle: Bool)]
    switch seen {
    case .rows(let look):
      lines = look.rows.map { (String(look.text($0, json: false).dropLast()), $0.state == "fresh") }
      let end = look.endText(json: false)
      if !end.isEmpty { lines.append((String(end.dropLast()), false)) }
    case .trouble(let text): lines = text.split(separator: "\n").map { (String($0), false) }
    }
    let every = interval == interval.rounded() ? String(Int(interval)) : String(interval)
    let last = "stackmake: looks every \(every) s, last at \(Terminal.time(Session.now())); Ctrl-C ends it"
    return ScreenFit.lines(lines, height: max(1, height - 2)) + [last]
  }

  /// Lines of what is another than before.
  private func say(_ seen: Seen, _ before: inout StatusLook, _ trouble: inout String) {
    switch seen {
    case .trouble(let text):
      if text != trouble { Console.write(text, to: .standardError) }
      trouble = text
    case .rows(let look):
      trouble = ""
      let old = Dictionary(before.rows.map { ($0.name, $0) }) { first, _ in first }
      for row in look.rows where old[row.name].map({ row.differs(from: $0) }) ?? true {
        Console.write(look.text(row, json: json), to: .standardOutput)
      }
      let names = Set(look.rows.map(\.name))
      for row in before.rows where !names.contains(row.name) && !json {
        Console.line("\(row.name)  gone: it is no target any more")
      }
      if look.end != before.end { Console.write(look.endText(json: json), to: .standardOutput) }
      before = look
    }
  }
}

extension StatusLook {
  /// Before the first look.
  fileprivate static var none: StatusLook { StatusLook(rows: [], redactor: Redactor(secrets: [String]()), now: 0) }
}

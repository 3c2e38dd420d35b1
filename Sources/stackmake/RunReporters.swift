import Glibc
import StackMake
import Synchronization
import SystemPackage

/// Who is told of a run: the terminal, or plain or JSON lines; the logs; the trace file.
struct RunReporters: Sendable {
  let all: Reporters
  private let terminal: TerminalReporter?
  private let logs: LogReporter

  init(_ session: Session, redactor: Redactor, trace: String?) throws {
    let options = session.options
    let verbosity: EventText.Verbosity = options.silent ? .silent : options.verbose ? .verbose : .normal
    let hasColor = !options.noColor && session.environment["NO_COLOR", default: ""].isEmpty
    var queued: [any Reporter] = []
    var terminal: TerminalReporter?
    let errors = DescriptorSink(descriptor: 2)
    if options.json {
      queued.append(JSONReporter(sink: Console.OutputSink(), isVerbose: options.verbose, now: Session.now))
    } else if Terminal.isTerminal(2) && !options.silent && session.environment["TERM"] != "dumb" {
      terminal = TerminalReporter(
        sink: errors, verbosity: verbosity, hasColor: hasColor, size: { Terminal.size(2) }, now: Session.now,
        words: LiveTable.Words(
          clock: Terminal.time, log: { [logs = session.logs] in Self.shown(logs.path(of: $0, run: $1)) }))
      queued.append(terminal!)
    } else {
      queued.append(PlainReporter(sink: errors, verbosity: verbosity))
    }
    if let trace {
      let file = open(trace, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard file >= 0 else {
        Console.error("stackmake: error: can't write \(trace): \(String(cString: strerror(errno)))")
        throw ExitStatusError.wrongUse
      }
      queued.append(ChromeTraceReporter(sink: DescriptorSink(descriptor: file), now: Session.now))
    }
    logs = LogReporter(session.logs)
    all = Reporters(redactor: redactor, direct: [logs], queued: queued)
    self.terminal = terminal
  }

  /// As one types it here.
  private static func shown(_ path: FilePath) -> String {
    guard let here = getcwd(nil, 0) else { return path.string }
    defer { free(here) }
    var relative = path
    return relative.removePrefix(FilePath(platformString: here)) ? relative.string : path.string
  }

  /// Shows all that was said, and gives the terminal back.
  func finish() {
    all.flush()
    terminal?.finish()
    if let problem = logs.problem { Console.error("stackmake: warning: logs are incomplete: \(problem)") }
  }
}

import Dispatch
import Glibc
import StackMake

/// Ctrl-C and TERM: the first starts nothing new, the second stops at once.
final class Signals {
  private let sources: [any DispatchSourceSignal]

  /// - Parameter stop: ends what is under way; called at the second signal.
  init(_ interrupt: Interrupt, _ reporter: any Reporter, stop: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "stackmake.signals")
    sources = [SIGINT, SIGTERM].map { number in
      // A handler, not SIG_IGN: programs that are started don't inherit it.
      signal(number) { _ in }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { @Sendable in
        switch interrupt.request() {
        case 1:
          reporter.report(
            .warning(
              target: nil,
              text: "interrupted: waiting for what is safe to finish; the next run goes on from there "
                + "(Ctrl-C again stops at once)"))
        case 2: stop()
        default:
          if Terminal.isTerminal(2) { Console.write(TerminalReporter.restore, to: .standardError) }
          _exit(ExitStatusError.interrupted.status)
        }
      }
      source.resume()
      return source
    }
  }

  func stop() {
    for source in sources { source.cancel() }
  }
}

import Synchronization
import SystemPackage

/// Writes each target's events to its log. Give it to `Reporters` as a direct one: logs are complete.
package final class LogReporter: Reporter {
  private struct State {
    var run: Int64 = 0
    var open: [String: Log] = [:]
    var firstError: (target: String, errno: Errno)?
  }

  /// The log of one target; nil when it is closed. Each has a lock of its own: targets don't wait for one another's.
  private final class Log: Sendable {
    let descriptor: Mutex<FileDescriptor?>
    init(_ descriptor: FileDescriptor) { self.descriptor = Mutex(descriptor) }
  }

  private let files: LogFiles
  private let state = Mutex(State())

  package init(_ files: LogFiles) { self.files = files }

  /// The first log that couldn't be written, to be warned of at the end: a full disk stops no build by its logs.
  package var problem: String? {
    state.withLock { state in state.firstError.map { "the log of `\($0.target)` can't be written: \($0.errno)" } }
  }

  package func report(_ event: Event) {
    switch event {
    case .runStarted(let run, _): state.withLock { $0.run = run }
    case .started(let target, let reasons, _):
      open(target)
      write(target, "== \(target): \(ReasonText.text(reasons))")
    case .stepStarted(let target, let number, let count, let text, let place):
      write(target, "== step \(number) of \(count)\(EventText.site(target, place)): \(text)")
    case .output(let target, let place, let line):
      let tag = EventText.tag(target, place)
      write(target, tag.isEmpty ? line : "\(tag.dropFirst()) \(line)")
    case .phase(let target, let place, let phase, _):
      write(target, "== \(phase.text)\(EventText.site(target, place))")
    case .stepFinished(let target, let number, let seconds):
      write(target, "== step \(number) took \(DurationText.text(seconds))")
    case .note(let target?, let text): write(target, "-- \(text)")
    case .warning(let target?, let text): write(target, "-- warning: \(text)")
    case .trace(let target?, let text): write(target, "-- + \(text)")
    case .finished(let target, let outcome, let seconds):
      write(target, "== \(Self.text(outcome)) after \(DurationText.text(seconds))")
      close(target)
    case .runFinished: state.withLock { $0.open.keys.sorted() }.forEach(close)
    case .forecast, .note, .warning, .trace: break
    }
  }

  private static func text(_ outcome: Outcome) -> String {
    switch outcome {
    case .failed(let error): "\(outcome.name): \(error)\n=="
    case .locked(let error, let reasons): "\(outcome.name): \(error.text(because: reasons))\n=="
    case .skipped(let dependency): "skipped: it depends on `\(dependency)`,"
    case .fresh, .built, .interrupted: outcome.name
    }
  }

  private func open(_ target: String) {
    state.withLock { state in
      guard state.open[target] == nil else { return }
      do throws(Errno) {
        state.open[target] = Log(try files.open(target, run: state.run))
      } catch {
        if state.firstError == nil { state.firstError = (target, error) }
      }
    }
  }

  private func write(_ target: String, _ line: String) {
    use(state.withLock { $0.open[target] }, target) { try $0?.writeAll((line + "\n").utf8) }
  }

  private func close(_ target: String) {
    use(state.withLock { $0.open.removeValue(forKey: target) }, target) { descriptor in
      defer { descriptor = nil }
      try descriptor?.close()
    }
  }

  /// Under the log's lock: what is closed in the meantime may already be somebody else's descriptor.
  private func use(_ log: Log?, _ target: String, _ body: (inout FileDescriptor?) throws -> Void) {
    guard let log else { return }
    let failure = log.descriptor.withLock { descriptor -> Errno? in
      do {
        try body(&descriptor)
        return nil
      } catch {
        return error as? Errno ?? .ioError
      }
    }
    guard let failure else { return }
    state.withLock { if $0.firstError == nil { $0.firstError = (target, failure) } }
  }
}

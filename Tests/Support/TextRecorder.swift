package import StackMake
import Synchronization

/// Keeps what is written to it.
package final class TextRecorder: TextSink {
  private let text = Mutex("")

  package init() {}
  package func write(_ text: String) { self.text.withLock { $0 += text } }
  package var written: String { text.withLock { $0 } }
}

/// Keeps what is reported to it.
package final class RecordingReporter: Reporter {
  private let recorded = Mutex<[Event]>([])

  package init() {}
  package func report(_ event: Event) { recorded.withLock { $0.append(event) } }
  package var events: [Event] { recorded.withLock { $0 } }
}

/// Time that only moves when it is told to.
package final class ManualTime: Sendable {
  private let seconds: Mutex<Double>

  package init(_ seconds: Double = 0) { self.seconds = Mutex(seconds) }
  package var now: Double { seconds.withLock { $0 } }
  package func advance(by step: Double) { seconds.withLock { $0 += step } }
}

import StackMake
import Synchronization
import Targets

/// Says notes to a reporter that is only known after who says them was made.
final class LateNote: Sendable {
  /// Of all requests that were sent.
  let requests = RequestCounter()
  private let target = Mutex<(any Reporter)?>(nil)

  var reporter: (any Reporter)? {
    get { target.withLock { $0 } }
    set { target.withLock { $0 = newValue } }
  }

  func say(_ text: String) { reporter?.report(.note(target: nil, text: text)) }
  func trace(_ text: String) { reporter?.report(.trace(target: nil, text: text)) }
}

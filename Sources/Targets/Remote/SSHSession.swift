import CSSH
import Glibc

/// A libssh session that is logged in. libssh's sessions and their channels belong to one thread: so does this.
final class SSHSession {
  let handle: ssh_session
  let socket: OpenSocket
  private let event: ssh_event
  private let traffic: UnsafeMutablePointer<ssh_counter_struct>
  private var lastReceivedBytes: UInt64 = 0
  private var lastReceivedAt = ContinuousClock.now
  private var keepaliveSentAt: ContinuousClock.Instant?
  /// Why the session is dead; nil while it lives.
  private(set) var loss: String?

  private static let keepaliveInterval = Duration.seconds(15)
  private static let keepaliveLimit = Duration.seconds(45)

  /// Takes over a session of libssh's; nil, and leaves it, where there is no memory.
  init?(_ handle: ssh_session, _ socket: OpenSocket) {
    guard let event = ssh_event_new() else { return nil }
    self.event = event
    self.handle = handle
    self.socket = socket
    traffic = .allocate(capacity: 1)
    traffic.initialize(to: ssh_counter_struct())
    ssh_set_counters(handle, traffic, nil)
    ssh_event_add_session(event, handle)
  }

  /// All channels must have been freed before: `ssh_disconnect` would free them.
  deinit {
    ssh_event_remove_session(event, handle)
    ssh_event_free(event)
    SSHHandshake.free(handle)
    traffic.deallocate()
  }

  var lastError: String { SSHHandshake.message(handle) }
  var receivedBytes: UInt64 { traffic.pointee.in_bytes }
  /// What is to be sent waits for room.
  var isWriting: Bool { SSHHandshake.isWriting(handle) }

  /// Handles what has arrived and sends what there is room for; doesn't wait.
  func poll() {
    // libssh asks for a word on room to write after each packet that it wrote: mostly there is room, and the second
    // time it has nothing more to ask.
    for _ in 0..<4 where loss == nil {
      let status = ssh_event_dopoll(event, 0)
      if status == SSH_ERROR || ssh_is_connected(handle) == 0 || ssh_get_status(handle) & SSH_CLOSED_ERROR != 0 {
        lose(lastError.isEmpty ? "the connection was closed" : lastError)
      }
      if !isWriting { break }
    }
    checkLiveness()
  }

  func lose(_ reason: String) {
    if loss == nil { loss = reason }
  }

  /// When to look next whether the other side still lives.
  var wakeAt: ContinuousClock.Instant {
    min((keepaliveSentAt ?? lastReceivedAt) + Self.keepaliveInterval, lastReceivedAt + Self.keepaliveLimit)
  }

  private func checkLiveness() {
    let now = ContinuousClock.now
    let bytes = receivedBytes
    if bytes != lastReceivedBytes {
      lastReceivedBytes = bytes
      lastReceivedAt = now
      if keepaliveSentAt != nil {
        keepaliveSentAt = nil
        // libssh keeps the state of one global request: this takes note of its answer, or sends another one, which does
        // no harm.
        ssh_send_keepalive(handle)
      }
    }
    let silence = now - lastReceivedAt
    if silence >= Self.keepaliveLimit {
      lose("nothing was heard for \(silence.components.seconds) seconds")
    } else if now >= wakeAt {
      keepaliveSentAt = now
      ssh_send_keepalive(handle)
    }
  }
}

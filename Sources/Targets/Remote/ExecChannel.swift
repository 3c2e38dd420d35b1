import CSSH
import Glibc
import SystemPackage

/// A command while it runs on a channel. Belongs to the reactor's thread.
///
/// What arrives is taken in libssh's callbacks, which only note it down; everything that calls libssh happens in
/// `advance`.
final class ExecChannel {
  enum Progress {
    case running
    /// Its outcome was given to the request.
    case finished
    /// It has not begun on the server: it may be tried on another session.
    case refused(String)
  }

  let command: SSHCommand
  private let session: SSHSession
  private let channel: ssh_channel
  private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
  private var phase = Phase.opening
  private var input: InputReader
  /// What libssh keeps, since the command's buffer is full.
  private var held: [OutputStream: Int] = [:]
  private var status: ExitStatus?
  private var lastOutputAt = ContinuousClock.now
  private var timeoutAt: ContinuousClock.Instant?
  private var stopping: (code: ShellError.Code, until: ContinuousClock.Instant)?

  private var request: ExecRequest { command.request }

  private enum Phase { case opening, requesting, running }

  /// Between the word to stop and giving up on an orderly end: the watcher takes up to five seconds.
  private static let stopLimit = Duration.seconds(8)
  /// How long output is waited for after the command's end: something that it left running may hold it open.
  private static let drainLimit = Duration.seconds(1)

  /// nil where libssh has no memory for a channel.
  init?(_ command: SSHCommand, on session: SSHSession, host: String) {
    guard let channel = ssh_channel_new(session.handle) else { return nil }
    self.command = command
    self.session = session
    self.channel = channel
    self.host = host
    input = InputReader(command.request)
    callbacks = .allocate(capacity: 1)
    callbacks.initialize(to: ssh_channel_callbacks_struct())
    callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
    callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
    callbacks.pointee.channel_data_function = { _, _, data, count, isError, context in
      let channel = Unmanaged<ExecChannel>.fromOpaque(context!).takeUnretainedValue()
      // All that is kept of this stream, whose beginning was offered before.
      return channel.receive(
        UnsafeRawBufferPointer(start: data, count: Int(count)), isError == 0 ? .standardOutput : .standardError)
    }
    callbacks.pointee.channel_exit_status_function = { _, _, status, context in
      Unmanaged<ExecChannel>.fromOpaque(context!).takeUnretainedValue().end(.exited(status))
    }
    callbacks.pointee.channel_exit_signal_function = { _, _, name, _, _, _, context in
      let name = name.map { String(cString: $0) } ?? "unknown"
      Unmanaged<ExecChannel>.fromOpaque(context!).takeUnretainedValue().end(.signaled(name))
    }
    ssh_set_channel_callbacks(channel, callbacks)
  }

  private let host: String

  deinit {
    // libssh may keep the channel until the server closes it, too: it must not call back any more.
    ssh_remove_channel_callbacks(channel, callbacks)
    ssh_channel_free(channel)
    callbacks.deallocate()
  }

  /// The next instant at which `advance` has something to do by itself.
  var wakeAt: ContinuousClock.Instant? {
    let drainAt = status == nil || stopping != nil || isHeld ? nil : lastOutputAt + Self.drainLimit
    let endAt = status == nil && stopping == nil ? timeoutAt : nil
    return [endAt, stopping?.until, drainAt].compactMap(\.self).min()
  }

  /// Does all that can be done without waiting.
  func advance() -> Progress {
    if phase == .opening {
      // Even when cancelled: a channel that is dropped while it opens would stay open at the server.
      switch ssh_channel_open_session(channel) {
      case SSH_OK:
        if request.isCancelled { return finish(nil) }
        phase = .requesting
      case SSH_AGAIN: return .running
      default: return .refused(session.lastError)
      }
    }
    if phase == .requesting {
      session.socket.acknowledgeAtOnce()
      switch ssh_channel_request_exec(channel, request.command) {
      case SSH_OK:
        phase = .running
        timeoutAt = request.timeout.map { .now + $0 }
      case SSH_AGAIN: return .running
      default: return finish(ShellError(.failed, host: host, operation: request.operation, cause: session.lastError))
      }
    }
    if isHeld { takeHeld() }
    if request.isCancelled { stop(.interrupted) }
    if let timeoutAt, timeoutAt <= .now { stop(.timeout) }
    if status == nil, let error = send() { return finish(error) }
    if let status {
      let isDrained = ssh_channel_is_eof(channel) != 0
      // The watcher holds the channel open until the whole tree has ended.
      if stopping != nil, isDrained { return finish(nil) }
      if stopping == nil, isDrained || (!isHeld && lastOutputAt + Self.drainLimit <= .now) {
        command.finish(.success(status))
        return .finished
      }
    } else if ssh_channel_is_closed(channel) != 0 {
      return finish(lossError("the server closed the channel without saying how the command ended"))
    }
    if let stopping, stopping.until <= .now { return finish(nil) }
    return .running
  }

  /// The connection is gone. True where the command had not begun on the server, so that it may be tried on another
  /// connection.
  func connectionLost(_ reason: String) -> Bool {
    if phase == .opening { return true }
    _ = finish(stopping == nil ? lossError(reason) : nil)
    return false
  }

  private func lossError(_ reason: String) -> ShellError {
    ShellError(.connectionLost, host: host, operation: request.operation, cause: reason)
  }

  private func finish(_ error: ShellError?) -> Progress {
    command.finish(.failure(error ?? stopError()))
    return .finished
  }

  private func stopError() -> ShellError {
    switch stopping?.code {
    case .timeout: return .tookTooLong(request.timeout, host: host, operation: request.operation)
    default:
      return ShellError(.interrupted, host: host, operation: request.operation, cause: "interrupted")
    }
  }

  private func stop(_ code: ShellError.Code) {
    guard stopping == nil, status == nil else { return }
    if let word = request.stopWord {
      stopping = (code, .now + Self.stopLimit)
      input.append(word)
    } else {
      stopping = (code, .now)
    }
  }

  /// Sends what the window allows. Returns an error where the input can't be had.
  private func send() -> ShellError? {
    while true {
      let chunk: ArraySlice<UInt8>
      do throws(InputReader.Failure) {
        chunk = try input.next()
      } catch {
        return ShellError(.failed, host: host, operation: request.operation, cause: error.text)
      }
      if chunk.isEmpty { break }
      let count = chunk.withUnsafeBytes { ssh_channel_write(channel, $0.baseAddress, UInt32($0.count)) }
      // A closed channel is seen as such by the caller.
      guard count > 0 else { return nil }
      input.consume(Int(count))
    }
    if !request.keepsInputOpen && !input.isClosed && !input.isWaiting {
      input.isClosed = true
      ssh_channel_send_eof(channel)
    }
    return nil
  }

  private var isHeld: Bool { !held.isEmpty }

  private func receive(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) -> Int32 {
    lastOutputAt = .now
    let taken = command.take(bytes, stream)
    if stream == .standardOutput { input.heard(bytes[..<taken]) }
    held[stream] = taken < bytes.count ? bytes.count - taken : nil
    return Int32(taken)
  }

  /// Gives on what libssh keeps, as far as there is room by now.
  private func takeHeld() {
    for (stream, count) in held {
      var left = count
      while left > 0 {
        let wanted = min(left, command.room, Self.pieceSize)
        guard wanted > 0 else { break }
        let isError: Int32 = stream == .standardError ? 1 : 0
        let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
          let got = ssh_channel_read_timeout(channel, buffer.baseAddress, UInt32(wanted), isError, 0)
          filled = max(0, Int(got))
        }
        guard !piece.isEmpty else { break }
        // Only the reactor adds to it: there is as much room as there was.
        _ = piece.withUnsafeBytes { receive($0, stream) }
        left -= piece.count
      }
      held[stream] = left > 0 ? left : nil
    }
  }

  private static let pieceSize = 32 * 1024

  private func end(_ status: ExitStatus) {
    lastOutputAt = .now
    self.status = status
  }
}

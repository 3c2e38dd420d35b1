import Glibc
import SystemPackage

/// Moves the bytes of one local command, on a thread of its own, until it has ended.
final class LocalPump {
  private let request: ExecRequest
  private let host: String
  private let process: pid_t
  private let processDescriptor: Int32
  private let wakeup: Wakeup
  private let reader: InputReader
  private var input: FileDescriptor?
  private var outputs: [(descriptor: FileDescriptor, stream: OutputStream)]
  private var hasEnded = false
  private var lastOutputAt = ContinuousClock.now
  private var stopError: ShellError?
  private var stopLimit: ContinuousClock.Instant?
  private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

  private static let stopPeriod = Duration.seconds(8)
  private static let drainLimit = Duration.seconds(1)

  /// Standard input is closed here; the others stay the caller's.
  init(
    _ request: ExecRequest, host: String, process: pid_t, descriptor: Int32, wakeup: Wakeup, input: FileDescriptor,
    output: FileDescriptor, error: FileDescriptor
  ) {
    self.request = request
    self.host = host
    self.process = process
    processDescriptor = descriptor
    self.wakeup = wakeup
    self.input = input
    reader = InputReader(request)
    outputs = [(output, .standardOutput), (error, .standardError)]
  }

  /// Returns when the command has ended and what it wrote was taken; an error where it was ended, or its input can't be
  /// had.
  func run() -> ShellError? {
    let timeoutAt = request.timeout.map { ContinuousClock.now + $0 }
    while true {
      if request.isCancelled { stop(interruption()) }
      if let timeoutAt, timeoutAt <= .now { stop(timeout()) }
      if stopError == nil && hasEnded && lastOutputAt + Self.drainLimit <= .now { break }
      if hasEnded && outputs.isEmpty { break }
      if let stopLimit, stopLimit <= .now {
        kill(-process, SIGKILL)
        break
      }
      send()
      let drainAt = hasEnded && stopError == nil ? lastOutputAt + Self.drainLimit : nil
      wait(until: [stopError == nil && !hasEnded ? timeoutAt : nil, stopLimit, drainAt].compactMap(\.self).min())
    }
    closeInput()
    return stopError
  }

  private func wait(until limit: ContinuousClock.Instant?) {
    let wantsInput = input != nil && hasMoreInput
    var polled = [
      pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: hasEnded ? -1 : processDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wantsInput ? input!.rawValue : -1, events: Int16(POLLOUT), revents: 0),
    ]
    polled += outputs.map { pollfd(fd: $0.descriptor.rawValue, events: Int16(POLLIN), revents: 0) }
    let pause = limit.map { ContinuousClock.now.duration(to: $0) } ?? .seconds(5)
    poll(&polled, nfds_t(polled.count), pause.pollMilliseconds)
    if polled[0].revents != 0 { wakeup.drain() }
    let ready = zip(outputs, polled[3...]).filter { $1.revents != 0 }.map(\.0)
    for output in ready { receive(output.descriptor, output.stream) }
    if polled[1].revents != 0 {
      hasEnded = true
      lastOutputAt = .now
    }
  }

  private func receive(_ descriptor: FileDescriptor, _ stream: OutputStream) {
    while true {
      let count = read(descriptor.rawValue, &buffer, buffer.count)
      if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
      guard count > 0 else {
        outputs.removeAll { $0.stream == stream }
        return
      }
      lastOutputAt = .now
      if stream == .standardOutput { reader.heard(buffer[..<count]) }
      request.output(stream, Array(buffer[..<count]))
    }
  }

  private var hasMoreInput = true

  private func send() {
    while let input {
      let chunk: ArraySlice<UInt8>
      do throws(InputReader.Failure) {
        chunk = try reader.next()
      } catch {
        stop(ShellError(.failed, host: host, operation: request.operation, cause: error.text))
        return closeInput()
      }
      hasMoreInput = !chunk.isEmpty
      if reader.isWaiting { return }
      guard hasMoreInput else {
        if !request.keepsInputOpen { closeInput() }
        return
      }
      let count = chunk.withUnsafeBytes { write(input.rawValue, $0.baseAddress, $0.count) }
      if count < 0 {
        // SIGPIPE is blocked on our threads: the command reads no more.
        if errno != EAGAIN && errno != EINTR { closeInput() }
        return
      }
      reader.consume(count)
    }
  }

  private func closeInput() {
    // Nothing is lost by closing a pipe.
    try? input?.close()
    input = nil
  }

  private func stop(_ error: ShellError) {
    guard stopError == nil, !hasEnded else { return }
    stopError = error
    stopLimit = .now + Self.stopPeriod
    if let word = request.stopWord { reader.append(word) } else { closeInput() }
  }

  private func interruption() -> ShellError {
    ShellError(.interrupted, host: host, operation: request.operation, cause: "interrupted")
  }

  private func timeout() -> ShellError {
    .tookTooLong(request.timeout, host: host, operation: request.operation)
  }
}

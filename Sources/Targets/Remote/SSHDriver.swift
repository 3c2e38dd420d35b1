import Glibc

/// The loop of a link's thread: takes requests, connects, runs up to eight of them at once, and waits.
final class SSHDriver {
  private let inbox: ThreadInbox<ExecRequest>
  private let target: SSHTarget
  private var session: SSHSession?
  private var waiting: [ExecRequest] = []
  private var running: [ExecChannel] = []
  private var isClosing = false
  /// How many the server lets run at once; lowered when it refuses one more.
  private var channelLimit = 8

  init(inbox: ThreadInbox<ExecRequest>, target: SSHTarget) {
    self.inbox = inbox
    self.target = target
  }

  /// Returns when the link is closed.
  func run() {
    while true {
      takeArrivals()
      if isClosing { break }
      if let session {
        serve(on: session)
      } else if waiting.isEmpty {
        _ = wait(-1, 0, .now + .seconds(3600))
      } else {
        connect()
      }
    }
    abandonAll()
    running = []
    session = nil
  }

  private func takeArrivals() {
    if let arrivals = inbox.takeArrivals() { waiting += arrivals } else { isClosing = true }
    waiting.removeAll { request in
      guard request.pending.isCancelled else { return false }
      request.pending.finish(.failure(interruption(of: request)))
      return true
    }
  }

  private func serve(on session: SSHSession) {
    while running.count < channelLimit, !waiting.isEmpty, session.loss == nil {
      guard let channel = ExecChannel(waiting.removeFirst(), on: session, host: target.host) else {
        session.lose("out of memory")
        break
      }
      running.append(channel)
    }
    advanceAll(on: session)
    if session.loss == nil { session.poll(limit: pollLimit) }
    guard let loss = session.loss else { return }
    // What had arrived before the loss may have been the end of a command.
    advanceAll(on: session)
    let again = running.filter { $0.connectionLost(loss) }.map(\.request)
    waiting = again + waiting
    // Channels are freed before the session, which would free them, too.
    running = []
    self.session = nil
  }

  private func advanceAll(on session: SSHSession) {
    var refused: [ExecRequest] = []
    var left: [ExecChannel] = []
    for channel in running {
      switch channel.advance() {
      case .running: left.append(channel)
      case .finished: break
      case .refused(let reason):
        refused.append(channel.request)
        if running.count == 1 && session.loss == nil { session.lose("it opens no channel: \(reason)") }
      }
    }
    if !refused.isEmpty { channelLimit = max(1, left.count) }
    running = left
    waiting = refused + waiting
  }

  private var pollLimit: Duration {
    let instants = running.compactMap(\.wakeAt)
    guard let next = instants.min() else { return .seconds(5) }
    return min(.seconds(5), max(.zero, ContinuousClock.now.duration(to: next)))
  }

  // MARK: - Connecting

  private func connect() {
    let begin = ContinuousClock.now
    var firstRefusalAt: ContinuousClock.Instant?
    var pause = Duration.milliseconds(200)
    while true {
      do throws(SSHSession.Failure) {
        session = try SSHSession(target: target, wakeup: inbox.wakeup) { [self] in wait($0, $1, $2) }
        channelLimit = 8
        return
      } catch {
        switch error {
        case .abandoned: return
        case .final(let error): return failAll(error)
        case .unreachable(let reason):
          if ContinuousClock.now - begin >= target.connectLimit { return failAll(unreachable(reason)) }
        case .authentication(let reason):
          let first = firstRefusalAt ?? .now
          firstRefusalAt = first
          if ContinuousClock.now - first >= target.authenticationLimit { return failAll(refused(reason)) }
        }
      }
      if wait(-1, 0, .now + pause) == .abandoned { return }
      pause = min(pause * 1.5, .seconds(3))
    }
  }

  /// Waits for poll events on a descriptor (-1: none), and meanwhile takes arrivals. `.abandoned` where nobody wants
  /// the connection any more.
  private func wait(_ descriptor: Int32, _ events: Int16, _ limit: ContinuousClock.Instant) -> TCPConnection.WaitResult
  {
    let hadRequests = !waiting.isEmpty
    while true {
      var polled = [
        pollfd(fd: inbox.wakeup.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: descriptor, events: events, revents: 0),
      ]
      let count = poll(&polled, 2, ContinuousClock.now.duration(to: limit).pollMilliseconds)
      if polled[0].revents != 0 {
        takeArrivals()
        if isClosing || waiting.isEmpty || !hadRequests { return .abandoned }
      }
      if polled[1].revents != 0 { return .ready }
      if count == 0 && limit <= .now { return .timedOut }
    }
  }

  private func failAll(_ error: ShellError) {
    for request in waiting { request.pending.finish(.failure(error)) }
    waiting = []
  }

  private func abandonAll() {
    for channel in running { channel.request.pending.finish(.failure(interruption(of: channel.request))) }
    for request in waiting { request.pending.finish(.failure(interruption(of: request))) }
    waiting = []
  }

  private func interruption(of request: ExecRequest) -> ShellError {
    ShellError(.interrupted, host: target.host, operation: request.operation, cause: "interrupted")
  }

  private func unreachable(_ reason: String) -> ShellError {
    ShellError(
      .unreachable, host: target.host, operation: "connect to \(target.address) port \(target.port)",
      cause: "\(reason) (tried for \(target.connectLimit.components.seconds) seconds)",
      hint: "look at the machine's console, and whether its network lets port \(target.port) through")
  }

  private func refused(_ reason: String) -> ShellError {
    ShellError(
      .authentication, host: target.host, operation: "log in as \(target.user)", cause: reason,
      hint: "first-boot set-up may have failed to install the key: look at the machine's console")
  }
}

/// What becomes of one link on a reactor's thread: takes commands, connects, and runs up to eight of them at once.
/// Never waits: it is woken when its socket is ready, when its time has come, and when there is something new.
final class SSHDriver {
  let token: Readiness.Token
  private let link: SSHLink
  private let readiness: Readiness
  /// Has the address of the link found on another thread.
  private let resolve: @Sendable (SSHLink) -> Void
  private let turns: SSHTurns
  private var state = State.idle
  private var attempts = ConnectAttempts()
  private var watched: (socket: OpenSocket, isWriting: Bool)?
  private var waiting: [SSHCommand] = []
  private var running: [ExecChannel] = []
  /// How many the server lets run at once; lowered when it refuses one more.
  private var channelLimit = 8
  /// Something may have arrived that nobody has looked at yet.
  private var isBusy = false
  private static let turnLimit = 16
  /// When there is something to do by itself.
  private(set) var wakeAt: ContinuousClock.Instant?

  private enum State {
    case idle
    case resolving
    /// For its turn to connect.
    case queued([SocketAddress])
    case connecting(SSHLogin)
    case pausing(until: ContinuousClock.Instant)
    case open(SSHSession)
  }

  private var target: SSHTarget { link.target }

  init(
    link: SSHLink, token: Readiness.Token, readiness: Readiness, turns: SSHTurns,
    resolve: @escaping @Sendable (SSHLink) -> Void
  ) {
    self.link = link
    self.token = token
    self.readiness = readiness
    self.turns = turns
    self.resolve = resolve
  }

  func add(_ command: SSHCommand) {
    waiting.append(command)
  }

  /// The address was found out, or not.
  func resolved(_ result: Result<[SocketAddress], SSHFailure>) {
    // Where nobody wanted it any more meanwhile, the next one asks again.
    guard case .resolving = state else { return }
    switch result {
    case .success(let addresses): queue(addresses)
    case .failure(let failure): connectFailed(failure)
    }
  }

  /// It may connect now.
  func begin() {
    guard case .queued(let addresses) = state else { return turns.value.end(isConnected: false) }
    state = .connecting(SSHLogin(target, addresses: addresses))
    work()
  }

  private func queue(_ addresses: [SocketAddress]) {
    state = .queued(addresses)
    turns.value.ask(token)
  }

  /// Does all that can be done now.
  func work() {
    dropCancelled()
    if waiting.isEmpty {
      switch state {
      case .connecting, .pausing, .resolving, .queued: rest()
      case .idle, .open: break
      }
    }
    var hasMore = true
    while hasMore { hasMore = advance() }
    watch()
  }

  /// Ends everything.
  func close() {
    for channel in running { interrupt(channel.command) }
    for command in waiting { interrupt(command) }
    waiting = []
    running = []
    rest()
    wakeAt = nil
  }

  /// Lets go of the connection. Channels must have been freed before.
  private func rest() {
    if let watched { readiness.forget(watched.socket.descriptor) }
    watched = nil
    switch state {
    case .queued: turns.value.forget(token)
    case .connecting: turns.value.end(isConnected: false)
    case .idle, .resolving, .pausing, .open: break
    }
    state = .idle
  }

  private func watch() {
    let next: (socket: OpenSocket, isWriting: Bool)?
    switch state {
    case .idle, .resolving, .queued:
      next = nil
      wakeAt = nil
    case .pausing(let until):
      next = nil
      wakeAt = until
    case .connecting(let login):
      next = login.socket.map { ($0, login.isWriting) }
      wakeAt = login.deadline
    case .open(let session):
      next = (session.socket, session.isWriting)
      wakeAt = isBusy ? .now : running.lazy.compactMap(\.wakeAt).reduce(session.wakeAt, min)
    }
    if let watched, watched.socket !== next?.socket { readiness.forget(watched.socket.descriptor) }
    if let next, watched?.socket !== next.socket || watched?.isWriting != next.isWriting {
      readiness.watch(next.socket.descriptor, isWriting: next.isWriting, token: token)
    }
    watched = next
  }

  /// True where more can be done at once.
  private func advance() -> Bool {
    switch state {
    case .idle:
      if waiting.isEmpty { return false }
      attempts = ConnectAttempts()
      connect()
      return true
    case .resolving, .queued: return false
    case .pausing(let until):
      if until > .now { return false }
      connect()
      return true
    case .connecting(let login):
      do throws(SSHFailure) {
        guard let session = try login.advance() else { return false }
        channelLimit = 8
        turns.value.end(isConnected: true)
        state = .open(session)
      } catch {
        rest()
        connectFailed(error)
      }
      return true
    case .open(let session):
      serve(on: session)
      return session.loss != nil
    }
  }

  private func connect() {
    if case .success(let addresses) = SocketAddress.resolve(target.address, port: target.port, isNumeric: true) {
      return queue(addresses)
    }
    state = .resolving
    do throws(OwnThreadError) {
      try OwnThread.start { [link, resolve] in resolve(link) }
    } catch {
      connectFailed(.unreachable(error.text))
    }
  }

  private func connectFailed(_ failure: SSHFailure) {
    switch attempts.next(after: failure, target) {
    case .pause(let pause): state = .pausing(until: .now + pause)
    case .give(let error):
      state = .idle
      for command in waiting { command.finish(.failure(error)) }
      waiting = []
    }
  }

  // MARK: - Running

  private func serve(on session: SSHSession) {
    isBusy = true
    // Others have their turn in between.
    for _ in 0..<Self.turnLimit where isBusy {
      let seen = session.receivedBytes
      startWaiting(on: session)
      advanceAll(on: session)
      session.poll()
      // Where the last of those that run have ended, nothing will arrive for those that wait.
      isBusy = session.loss == nil && (session.receivedBytes != seen || canStart)
    }
    guard let loss = session.loss else { return }
    // What had arrived before the loss may have been the end of a command.
    advanceAll(on: session)
    waiting = running.filter { $0.connectionLost(loss) }.map(\.command) + waiting
    // Channels are freed before the session, which would free them, too.
    running = []
    rest()
  }

  private var canStart: Bool { running.count < channelLimit && !waiting.isEmpty }

  private func startWaiting(on session: SSHSession) {
    while canStart, session.loss == nil {
      guard let channel = ExecChannel(waiting.removeFirst(), on: session, host: target.host) else {
        return session.lose("out of memory")
      }
      running.append(channel)
    }
  }

  private func advanceAll(on session: SSHSession) {
    var refused: [SSHCommand] = []
    var left: [ExecChannel] = []
    for channel in running {
      switch channel.advance() {
      case .running: left.append(channel)
      case .finished: break
      case .refused(let reason):
        refused.append(channel.command)
        if running.count == 1 && session.loss == nil { session.lose("it opens no channel: \(reason)") }
      }
    }
    if !refused.isEmpty { channelLimit = max(1, left.count) }
    running = left
    waiting = refused + waiting
  }

  private func dropCancelled() {
    let isOpen = if case .open = state { true } else { false }
    let isWithdrawn = !isOpen && link.isWithdrawn
    waiting.removeAll { command in
      guard isWithdrawn || command.request.isCancelled else { return false }
      interrupt(command)
      return true
    }
  }

  private func interrupt(_ command: SSHCommand) {
    command.finish(
      .failure(
        ShellError(
          .interrupted, host: target.host, operation: command.request.operation, cause: "interrupted")))
  }
}

/// The loop of a reactor's thread: takes messages, waits for sockets and instants, and lets drivers work.
final class SSHLoop {
  private let inbox: ThreadInbox<SSHReactor.Message>
  private let readiness = Readiness()
  private let turns = SSHTurns()
  private var drivers: [ObjectIdentifier: SSHDriver] = [:]
  private var driversByToken: [Readiness.Token: SSHDriver] = [:]
  private var lastToken = wakeupToken
  /// No driver has anything to do by itself before.
  private var wakeAt: ContinuousClock.Instant?

  private static let wakeupToken: Readiness.Token = 0

  init(inbox: ThreadInbox<SSHReactor.Message>) {
    self.inbox = inbox
    readiness.watch(inbox.wakeup.descriptor, isWriting: false, token: Self.wakeupToken)
  }

  /// Returns when the reactor is ended.
  func run() {
    var hasMail = true
    while true {
      if hasMail {
        guard let messages = inbox.takeArrivals() else { break }
        handle(messages)
      }
      while let token = turns.value.next(at: .now) {
        guard let driver = driversByToken[token] else { preconditionFailure("BUG: a driver that is gone has a turn") }
        driver.begin()
        note(driver)
      }
      let next = [wakeAt, turns.value.wakeAt].compactMap(\.self).min()
      let pause = next.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
      hasMail = false
      for token in readiness.wait(limit: pause ?? .seconds(60)) {
        if token == Self.wakeupToken { hasMail = true }
        if let driver = driversByToken[token] { work(driver) }
      }
      if let wakeAt, wakeAt <= .now { workDue() }
    }
    for driver in drivers.values { driver.close() }
  }

  private func handle(_ messages: [SSHReactor.Message]) {
    // All that arrived for one link at once is worked on together.
    var touched: [ObjectIdentifier: SSHDriver] = [:]
    for message in messages {
      switch message {
      case .perform(let command, let link):
        let driver = driver(of: link)
        driver.add(command)
        touched[ObjectIdentifier(link)] = driver
      case .look(let link):
        touched[ObjectIdentifier(link)] = drivers[ObjectIdentifier(link)]
      case .resolved(let link, let result):
        drivers[ObjectIdentifier(link)]?.resolved(result)
        touched[ObjectIdentifier(link)] = drivers[ObjectIdentifier(link)]
      case .close(let link, let done):
        let key = ObjectIdentifier(link)
        touched[key] = nil
        if let driver = drivers.removeValue(forKey: key) {
          driver.close()
          driversByToken[driver.token] = nil
        }
        done()
      }
    }
    for driver in touched.values { work(driver) }
  }

  private func driver(of link: SSHLink) -> SSHDriver {
    if let known = drivers[ObjectIdentifier(link)] { return known }
    lastToken += 1
    let made = SSHDriver(link: link, token: lastToken, readiness: readiness, turns: turns) { [inbox] link in
      let result = SocketAddress.resolve(link.target.address, port: link.target.port, isNumeric: false)
      _ = inbox.submitWhereRunning(.resolved(link, result))
    }
    drivers[ObjectIdentifier(link)] = made
    driversByToken[lastToken] = made
    return made
  }

  private func work(_ driver: SSHDriver) {
    driver.work()
    note(driver)
  }

  private func note(_ driver: SSHDriver) {
    wakeAt = [wakeAt, driver.wakeAt].compactMap(\.self).min()
  }

  private func workDue() {
    let now = ContinuousClock.now
    for driver in drivers.values where driver.wakeAt.map({ $0 <= now }) == true { driver.work() }
    wakeAt = drivers.values.lazy.compactMap(\.wakeAt).min()
  }
}

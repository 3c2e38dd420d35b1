import CCurl

/// The loop of a client's thread: takes exchanges, runs as many at once as are allowed, and waits.
final class CurlDriver {
  private let inbox: ThreadInbox<CurlExchange>
  private let settings: HTTPSettings
  /// How many run at once.
  private let limit: Int
  private let multi: CurlMulti
  private var waiting: [CurlExchange] = []
  private var running: [UnsafeMutableRawPointer: CurlTransfer] = [:]

  init(inbox: ThreadInbox<CurlExchange>, settings: HTTPSettings) {
    self.inbox = inbox
    self.settings = settings
    limit = max(1, settings.maximumConnections)
    multi = CurlMulti(keptConnections: limit)
  }

  /// Returns when the client is closed.
  func run() {
    while let arrivals = inbox.takeArrivals() {
      waiting += arrivals
      dropUnwanted()
      startWaiting()
      work()
    }
    for exchange in waiting { exchange.refuse(.interrupted, "interrupted") }
    for transfer in running.values { interrupt(transfer) }
    waiting = []
    running = [:]
  }

  private func dropUnwanted() {
    let now = ContinuousClock.now
    waiting.removeAll { exchange in
      if exchange.pending.isCancelled {
        exchange.refuse(.interrupted, "interrupted")
      } else if exchange.deadline <= now {
        exchange.refuse(.timeout, "no connection was free for \(exchange.request.limit.milliseconds) ms")
      } else {
        return false
      }
      return true
    }
    for (key, transfer) in running where transfer.exchange.pending.isCancelled {
      interrupt(transfer)
      running[key] = nil
    }
  }

  private func interrupt(_ transfer: CurlTransfer) {
    multi.remove(transfer.easy)
    transfer.interrupt()
  }

  private func startWaiting() {
    let count = min(waiting.count, limit - running.count)
    for exchange in waiting.prefix(count) {
      do throws(CurlRefusal) {
        let transfer = try CurlTransfer(exchange, settings)
        guard multi.add(transfer.easy) else { throw CurlRefusal(code: CURLE_FAILED_INIT) }
        running[transfer.easy.handle] = transfer
      } catch {
        exchange.pending.finish(.failure(HTTPError(error.code, cause: "", hasBegun: false)))
      }
    }
    waiting.removeFirst(count)
  }

  private func work() {
    multi.perform()
    var hasEnds = false
    while let (easy, code) = multi.nextEnd() {
      guard let transfer = running.removeValue(forKey: easy) else { continue }
      multi.remove(transfer.easy)
      transfer.finish(code)
      hasEnds = true
    }
    // Where there is room now, those that wait go first.
    if hasEnds && !waiting.isEmpty { return }
    multi.poll(inbox.wakeup.descriptor, milliseconds: pollMilliseconds)
  }

  /// libcurl wakes for its own timers; only exchanges that it doesn't know yet have to be looked after.
  private var pollMilliseconds: Int32 {
    guard let next = waiting.map(\.deadline).min() else { return 3_600_000 }
    return ContinuousClock.now.duration(to: next).pollMilliseconds
  }
}

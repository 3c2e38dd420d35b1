import Dispatch
import GRDB
import Glibc

/// Writers who come while another one's transaction is being synced are committed together: the disk is waited for
/// once for all of them.
///
/// Who comes first runs what all have to write in one transaction, each behind a savepoint of its own, so that what
/// one of them does wrong undoes only that. Nobody is answered before the transaction is on disk.
final class CommitGroup: @unchecked Sendable {
  // Unchecked: `waiting`, `isCommitting` and `commits` are touched only between lock and unlock of `mutex`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var waiting: [Ticket] = []
  private var isCommitting = false
  private var commits = 0
  private let queue: DatabaseQueue

  /// What one of them has to write.
  // Unchecked: the fields belong to whoever runs it, and to its writer again once it is done; `mutex` is between.
  private final class Ticket: @unchecked Sendable {
    /// Nil once it is done: nothing of a writer may be held when that goes on.
    private(set) var body: ((Database) throws -> Void)?
    var error: (any Error)?
    var isDone = false
    /// Where its writer waits until it is done, or until it is its turn to commit. One for each: to wake all whenever
    /// anything is done would cost more than the writes themselves.
    let turn = DispatchSemaphore(value: 0)

    init(_ body: @escaping (Database) throws -> Void) { self.body = body }

    func run(_ database: Database) throws { try body?(database) }

    /// Its writer goes on as soon as it is woken.
    func end() {
      body = nil
      isDone = true
    }
  }

  init(_ queue: DatabaseQueue) {
    self.queue = queue
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// How often the disk was waited for, and how many writers wait for the next time.
  var counts: (commits: Int, waiting: Int) { locked { (commits, waiting.count) } }

  /// Runs `body` in a transaction, and returns when that is on disk. `body` may be run again where others failed.
  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    var value: Value?
    try withoutActuallyEscaping({ database in value = try body(database) }) { body in
      let ticket = Ticket(body)
      enter(ticket)
      if let error = ticket.error { throw error }
    }
    return value!
  }

  private func enter(_ ticket: Ticket) {
    let mustWait = locked {
      waiting.append(ticket)
      defer { isCommitting = true }
      return isCommitting
    }
    if mustWait {
      ticket.turn.wait()
      if ticket.isDone { return }
    }
    let group = locked {
      defer { waiting = [] }
      return waiting
    }
    let count = commit(group)
    let next = locked {
      commits += count
      isCommitting = !waiting.isEmpty
      return waiting.first
    }
    for other in group {
      other.end()
      if other !== ticket { other.turn.signal() }
    }
    next?.turn.signal()
  }

  /// Returns how many transactions that took.
  private func commit(_ group: [Ticket]) -> Int {
    if group.count > 1 {
      do {
        try queue.write { database in
          for ticket in group {
            ticket.error = nil
            do {
              try database.inSavepoint {
                try ticket.run(database)
                return .commit
              }
            } catch {
              ticket.error = error
              // A full disk, for one, ends the whole transaction.
              guard database.isInsideTransaction else { throw error }
            }
          }
        }
        return 1
      } catch {
        // Nothing of it is written: each for itself has an answer of its own.
      }
    }
    for ticket in group {
      do {
        try queue.write { try ticket.run($0) }
        ticket.error = nil
      } catch {
        ticket.error = error
      }
    }
    return group.count
  }

  private func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}

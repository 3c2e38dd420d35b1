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
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [Ticket] = []
  private var isCommitting = false
  private var commits = 0
  private let queue: DatabaseQueue

  /// What one of them has to write.
  // Unchecked: the fields belong to whoever runs it, and to its writer again once it is done; `mutex` is between.
  private final class Ticket: @unchecked Sendable {
    let body: (Database) throws -> Void
    var error: (any Error)?
    var isDone = false

    init(_ body: @escaping (Database) throws -> Void) { self.body = body }
  }

  init(_ queue: DatabaseQueue) {
    self.queue = queue
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
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
    pthread_mutex_lock(mutex)
    waiting.append(ticket)
    while isCommitting && !ticket.isDone { pthread_cond_wait(condition, mutex) }
    if !ticket.isDone {
      let group = waiting
      waiting = []
      isCommitting = true
      pthread_mutex_unlock(mutex)
      let count = commit(group)
      pthread_mutex_lock(mutex)
      commits += count
      for ticket in group { ticket.isDone = true }
      isCommitting = false
      pthread_cond_broadcast(condition)
    }
    pthread_mutex_unlock(mutex)
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
                try ticket.body(database)
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
        try queue.write(ticket.body)
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

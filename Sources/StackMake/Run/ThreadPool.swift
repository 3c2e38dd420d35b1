import Glibc

/// Threads for tasks that block: C calls, and waiting for the disk.
///
/// Swift's own pool has as many threads as the machine has cores, and must not be blocked. Threads are made
/// when there is work and none is idle, up to `width`, and stay until the program ends.
package final class ThreadPool: TaskExecutor, @unchecked Sendable {
  // Unchecked: `queue`, `idle` and `made` are touched only between lock and unlock of `mutex`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var queue: [UnownedJob] = []
  private var head = 0
  private var idle = 0
  private var made = 0
  private let width: Int

  package init(width: Int) {
    self.width = max(1, width)
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    queue.append(job)
    let needsThread = idle < queue.count - head && made < width
    if needsThread { made += 1 }
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
    if needsThread { startThread() }
  }

  private func startThread() {
    var thread = pthread_t()
    // The thread keeps the pool: it lives as long as the program.
    let this = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<ThreadPool>.fromOpaque(context!).takeUnretainedValue().work()
        return nil
      }, this)
    if status == 0 {
      pthread_detach(thread)
    } else {
      // No more threads to be had: those that there are do the work, but there must be one.
      Unmanaged<ThreadPool>.fromOpaque(this).release()
      pthread_mutex_lock(mutex)
      made -= 1
      precondition(made > 0, "no thread can be made: \(status)")
      pthread_mutex_unlock(mutex)
    }
  }

  private func work() {
    while true {
      pthread_mutex_lock(mutex)
      idle += 1
      while head == queue.count { pthread_cond_wait(condition, mutex) }
      idle -= 1
      let job = queue[head]
      head += 1
      if head == queue.count {
        queue.removeAll(keepingCapacity: true)
        head = 0
      }
      pthread_mutex_unlock(mutex)
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}

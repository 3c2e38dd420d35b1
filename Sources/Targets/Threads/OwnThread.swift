import Glibc

/// Threads of our own, for calls that block: they never run on Swift's.
enum OwnThread {
  /// Starts a detached thread. Fails only where the machine has no more of them.
  static func start(_ body: @escaping @Sendable () -> Void) throws(OwnThreadError) {
    let box = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
      pthread_attr_destroy(attributes)
      attributes.deallocate()
    }
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Half a megabyte is plenty for libssh, and lets thousands of sessions live on one machine.
    pthread_attr_setstacksize(attributes, 512 * 1024)
    let status = pthread_create(
      &thread, attributes,
      { context in
        // Signals of the process are for others; and a write to a pipe that nobody reads must fail, not kill.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      throw OwnThreadError(errorNumber: status)
    }
  }

  /// Runs `body` on a thread of its own and waits for its result.
  static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws(OwnThreadError) -> Value {
    let result: Result<Value, OwnThreadError> = await withCheckedContinuation { continuation in
      do throws(OwnThreadError) {
        try start { continuation.resume(returning: .success(body())) }
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
    return try result.get()
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

/// No thread could be started.
struct OwnThreadError: Error {
  var errorNumber: Int32
  var text: String { "no thread could be started: \(String(cString: strerror(errorNumber)))" }
}

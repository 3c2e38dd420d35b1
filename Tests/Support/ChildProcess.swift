import Glibc
import Synchronization

/// A program that a test started, and waits for.
///
/// By posix_spawn alone: Foundation's `Process` keeps a run loop of whichever thread starts one, and those of tasks come
/// and go.
package final class ChildProcess: Sendable {
  package enum Stream: Sendable {
    case nothing
    /// Made where it isn't there, and emptied.
    case file(String)
    case descriptor(Int32)

    /// What the tests' own goes to.
    package static let inheritedOutput = Stream.descriptor(1)
    package static let inheritedError = Stream.descriptor(2)
  }

  package struct Failure: Error {
    package var text: String
  }

  package let pid: Int32
  /// How it ended, once somebody has looked.
  private let end = Mutex<Int32?>(nil)

  /// Open files are inherited unless they are marked as closed by exec.
  ///
  /// - Parameters:
  ///   - words: the program's path first.
  ///   - environment: nil: that of the tests.
  package init(
    _ words: [String], in directory: String? = nil, environment: [String: String]? = nil, input: Stream = .nothing,
    output: Stream = .nothing, error: Stream = .nothing
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in [(0 as Int32, input), (1, output), (2, error)] {
      switch stream {
      case .nothing: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      case .file(let path):
        let flags = number == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, number, path, flags, 0o644)
      case .descriptor(let open): posix_spawn_file_actions_adddup2(&actions, open, number)
      }
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    var child = pid_t()
    let command = (directory.map { ["/usr/bin/env", "-C", $0] } ?? []) + words
    let status = Self.withStrings(command) { arguments in
      guard let environment else { return posix_spawn(&child, command[0], &actions, &attributes, arguments, environ) }
      return Self.withStrings(environment.map { "\($0)=\($1)" }) {
        posix_spawn(&child, command[0], &actions, &attributes, arguments, $0)
      }
    }
    guard status == 0 else { throw Failure(text: "\(words[0]): \(String(cString: strerror(status)))") }
    pid = child
  }

  private static func withStrings<R>(
    _ words: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var strings: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for string in strings { free(string) } }
    return strings.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }

  /// Its exit status, or minus the number of the signal that killed it; nil while it runs.
  package var status: Int32? {
    look(WNOHANG)
  }

  private func look(_ options: Int32) -> Int32? {
    end.withLock { end in
      if end == nil {
        var word: Int32 = 0
        var found: pid_t
        repeat { found = waitpid(pid, &word, options) } while found == -1 && errno == EINTR
        guard found == pid else { return nil }
        let signal = word & 0x7f
        end = signal == 0 ? (word >> 8) & 0xff : -signal
      }
      return end
    }
  }

  /// Waits for its end: the same number.
  package func wait() async -> Int32 {
    while true {
      if let status { return status }
      // A process has nothing that a task could wait for.
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  /// The same, on a thread that may wait.
  @discardableResult
  package func waitHere() -> Int32 { look(0)! }

  /// Kills it, and waits for its end.
  package func stop() {
    signal(SIGKILL)
    waitHere()
  }

  /// Does nothing once it has ended.
  package func signal(_ number: Int32) {
    end.withLock { end in
      if end == nil { kill(pid, number) }
    }
  }
}

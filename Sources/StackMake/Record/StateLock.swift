import FoundationEssentials
package import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// The right to change a cluster: `.stackmake/lock`, held by one stackmake at a time.
///
/// The lock is the kernel's (flock), so it is free as soon as its holder is dead, however it died; over NFS it holds
/// between hosts, too. The file's contents only name the holder, and nothing is decided by them. The file
/// is never removed: a lock on a removed file would exclude nobody.
package enum StateLock {
  package static let fileName: FilePath.Component = "lock"

  /// Who holds the lock, as the file says it.
  package struct Holder: Hashable, Sendable {
    package var pid: Int32
    package var host: String
    /// Seconds since 1970.
    package var since: Double
    /// What it was started with, one line.
    package var command: String

    package init(pid: Int32, host: String, since: Double, command: String) {
      self.pid = pid
      self.host = host
      self.since = since
      self.command = command
    }

    /// `pid`, `host`, `since` and `command`, a line each.
    var text: String {
      let line = command.map { $0.isNewline ? " " : $0 }
      return "pid \(pid)\nhost \(host)\nsince \(Int64(since))\ncommand \(String(line))\n"
    }

    init?(text: String) {
      var fields: [Substring: Substring] = [:]
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: " ", maxSplits: 1)
        if parts.count == 2 { fields[parts[0]] = parts[1] }
      }
      guard let pid = fields["pid"].flatMap({ Int32($0) }), let host = fields["host"],
        let since = fields["since"].flatMap({ Double($0) })
      else { return nil }
      self.init(pid: pid, host: String(host), since: since, command: String(fields["command"] ?? ""))
    }
  }

  /// The lock, while this exists: freed when it goes out of scope.
  package struct Held: ~Copyable, Sendable {
    fileprivate let descriptor: Int32

    deinit {
      // Emptied first, so that nobody reads the name of one who has left.
      _ = ftruncate(descriptor, 0)
      close(descriptor)
    }
  }

  /// Another stackmake holds the lock. `holder` is nil where the file doesn't say who.
  package struct LockHeld: Error, Hashable, Sendable, CustomStringConvertible {
    package var path: String
    package var holder: Holder?

    package init(path: String, holder: Holder?) {
      self.path = path
      self.holder = holder
    }

    package var description: String {
      guard let holder else {
        return "another stackmake holds this cluster (`\(path)` doesn't say which)"
      }
      let since = Date(timeIntervalSince1970: holder.since).formatted(.iso8601)
      return
        "another stackmake holds this cluster: pid \(holder.pid) on \(holder.host), since \(since): `\(holder.command)`"
    }
  }

  /// Why the lock wasn't got.
  package enum Failure: Error, Sendable {
    case held(LockHeld)
    case store(StoreError)
  }

  /// Takes the lock in the state directory, which is made where it doesn't exist, or says who has it. Doesn't wait
  /// for the holder; blocks for up to 0.1 s where the holder is about to leave.
  package static func acquire(in directory: FilePath, holder: Holder) throws(Failure) -> Held {
    do throws(StoreError) { try StateDirectory.prepare(directory) } catch { throw .store(error) }
    let path = directory.appending(fileName)
    let operation = "lock the state directory"
    let descriptor = path.withPlatformString { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
    guard descriptor >= 0 else { throw .store(StateDirectory.failure(operation, path)) }
    var attempts = 20
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      guard code == EWOULDBLOCK else {
        let error = StateDirectory.failure(operation, path)
        close(descriptor)
        throw .store(error)
      }
      let found = contents(descriptor)
      attempts -= 1
      // One that names nobody is being taken, left or looked at just now.
      if let found, isAlive(found, here: holder.host) || attempts <= 0 {
        close(descriptor)
        throw .held(LockHeld(path: path.string, holder: found))
      }
      if attempts <= 0 {
        close(descriptor)
        throw .held(LockHeld(path: path.string, holder: nil))
      }
      usleep(5000)
    }
    let held = Held(descriptor: descriptor)
    // Without a name the lock is as good: a full disk is met by the record, which says so better.
    _ = ftruncate(descriptor, 0)
    let bytes = Array(holder.text.utf8)
    _ = pwrite(descriptor, bytes, bytes.count, 0)
    return held
  }

  /// Who holds the lock now; nil where nobody does. Makes nothing.
  package static func held(in directory: FilePath) -> LockHeld? {
    let path = directory.appending(fileName)
    let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Shared, so that two who look don't see each other.
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
    return LockHeld(path: path.string, holder: contents(descriptor))
  }

  private static func contents(_ descriptor: Int32) -> Holder? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Holder(text: String(decoding: bytes[..<count], as: UTF8.self))
  }

  /// Only asked to tell whether it's worth another look: a pid on another host counts as alive.
  private static func isAlive(_ holder: Holder, here host: String) -> Bool {
    holder.host != host || kill(holder.pid, 0) == 0 || errno == EPERM
  }
}

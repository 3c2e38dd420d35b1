import Glibc
import SystemPackage

/// A process that can't be mistaken for a later one of the same number.
struct ProcessID: Sendable, Hashable {
  var pid: Int32
  /// Clock ticks since boot.
  var startTime: UInt64
  /// Of the host's boot that it belongs to.
  var bootID: String

  /// From `PID START BOOTID`, as the supervisor writes it.
  init?(_ text: String) {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 3, let pid = Int32(words[0]), let start = UInt64(words[1]), pid > 1 else { return nil }
    self.pid = pid
    startTime = start
    bootID = String(words[2])
  }

  /// Whether it runs. Blocks for a moment.
  var isAlive: Bool {
    guard let boot = try? DiskFile.text("/proc/sys/kernel/random/boot_id"), boot.trimmed == bootID,
      let status = try? DiskFile.text(FilePath("/proc/\(pid)/stat"))
    else { return false }
    return Self.startTime(status: status) == startTime
  }

  /// The start time in /proc/PID/stat; nil for one that has ended and waits for its parent.
  static func startTime(status: String) -> UInt64? {
    // The name, in parentheses, may hold anything.
    guard let end = status.lastIndex(of: ")") else { return nil }
    let fields = status[status.index(after: end)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    return UInt64(fields[19])
  }

  func kill(_ signal: Int32 = SIGKILL) {
    if isAlive { _ = Glibc.kill(pid, signal) }
  }
}

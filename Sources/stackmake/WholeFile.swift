import Glibc
import SystemPackage

/// Files that appear whole, or not at all.
enum WholeFile {
  /// A new file; one that came to be there meanwhile stays. Says what is wrong, and ends with status 2.
  static func create(_ path: FilePath, _ text: String) throws {
    try write(path, text) { temporary in link(temporary, path.string) == 0 }
  }

  /// In the place of the one that may be there.
  static func replace(_ path: FilePath, _ text: String) throws {
    try write(path, text) { temporary in rename(temporary, path.string) == 0 }
  }

  private static func write(_ path: FilePath, _ text: String, _ publish: (String) -> Bool) throws {
    let temporary = "\(path).new-\(getpid())"
    defer { unlink(temporary) }
    do {
      let file = try FileDescriptor.open(
        FilePath(temporary), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
      guard publish(temporary) else { throw Errno(rawValue: errno) }
    } catch {
      Console.error("stackmake: error: can't write \(path): \(error)")
      throw ExitStatusError.wrongUse
    }
  }
}

import Glibc
import SystemPackage

/// Files that appear whole, or not at all.
enum WholeFile {
  /// A new file; one that came to be there meanwhile stays. Says what is wrong, and ends with status 2, or with 3 where the
  /// disk is at fault.
  static func create(_ path: FilePath, _ text: String) throws {
    try telling(path) { try publish(text, at: path) { temporary in link(temporary, path.string) == 0 } }
  }

  /// In the place of the file that may be there, or of the one that a link leads to. What is no file (a terminal, a pipe,
  /// /dev/null) is written to.
  static func replace(_ path: FilePath, _ text: String) throws {
    try telling(path) {
      var status = stat()
      if stat(path.string, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        let file = try FileDescriptor.open(path, .writeOnly, options: [.closeOnExec])
        return try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
      }
      let place = destination(of: path)
      try publish(text, at: place) { temporary in rename(temporary, place.string) == 0 }
    }
  }

  /// Where links lead to, also those that lead to nothing yet. A loop of links is left to whoever opens it.
  private static func destination(of path: FilePath) -> FilePath {
    var path = path
    for _ in 0..<40 {
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = buffer.withUnsafeMutableBytes { bytes in
        readlink(path.string, bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
      }
      guard count >= 0 else { break }
      path = path.removingLastComponent().pushing(FilePath(String(decoding: buffer[..<count], as: UTF8.self)))
    }
    return path
  }

  private static func publish(_ text: String, at path: FilePath, _ publish: (String) -> Bool) throws {
    let temporary = "\(path).new-\(getpid())"
    defer { unlink(temporary) }
    let file = try FileDescriptor.open(
      FilePath(temporary), .writeOnly, options: [.create, .truncate, .closeOnExec],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    guard publish(temporary) else { throw Errno(rawValue: errno) }
  }

  private static func telling(_ path: FilePath, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      Console.error("stackmake: error: can't write \(path): \(error)")
      let ofTheDisk: [Errno] = [.noSpace, .ioError, Errno(rawValue: EDQUOT)]
      throw (error as? Errno).map(ofTheDisk.contains) == true ? ExitStatusError.failed : .wrongUse
    }
  }
}

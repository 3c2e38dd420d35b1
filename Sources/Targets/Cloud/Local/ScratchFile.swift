import Glibc
import SystemPackage

/// A file that has no name: gone with the last process that has it open. Making and reading it blocks.
final class ScratchFile: Sendable {
  let descriptor: FileDescriptor

  /// Holds `text`, to be read from its start.
  init(_ text: String) throws(CloudError) {
    var template = Array("/tmp/stackmake.XXXXXX".utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else {
      throw CloudError(.failed, operation: "make a file in /tmp", cause: "\(Errno(rawValue: errno))")
    }
    unlink(template)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    descriptor = FileDescriptor(rawValue: number)
    if text.isEmpty { return }
    do {
      try descriptor.writeAll(Array(text.utf8))
      try descriptor.seek(offset: 0, from: .start)
    } catch {
      throw CloudError(.failed, operation: "write a file in /tmp", cause: "\(error)")
    }
  }

  deinit { close(descriptor.rawValue) }

  /// All that is in it.
  func text() throws(CloudError) -> String {
    do {
      let size = Int(try descriptor.seek(offset: 0, from: .end))
      var bytes = [UInt8](repeating: 0, count: size)
      let count = try bytes.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: 0, into: $0) }
      return String(decoding: bytes.prefix(count), as: UTF8.self)
    } catch {
      throw CloudError(.failed, operation: "read a file in /tmp", cause: "\(error)")
    }
  }
}

import FoundationEssentials
import Glibc
import StackMake
import SystemPackage

/// Small files on the disk. Everything here blocks for a moment: call it through `offload`.
enum DiskFile {
  /// The contents; nil where there is no such file. Neither follows a link nor waits on a pipe: some of the files
  /// are a machine's own, and the machine's root may have put anything there.
  static func read(_ path: FilePath, limit: Int = 4 << 20) throws(CloudError) -> [UInt8]? {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
      return try file.closeAfter {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        // The end of a long file: it is a log.
        if status.st_size > limit { try file.seek(offset: Int64(Int(status.st_size) - limit), from: .start) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
          let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
          if count == 0 { break }
          bytes += buffer[..<count]
        }
        return bytes
      }
    } catch let error as Errno where [.noSuchFileOrDirectory, .notDirectory].contains(error) {
      return nil
    } catch let error as Errno where error == .tooManySymbolicLinkLevels {
      return nil
    } catch {
      throw CloudError(.failed, operation: "read \(path)", cause: "\(error)")
    }
  }

  static func text(_ path: FilePath) throws(CloudError) -> String? {
    try read(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Writes beside the file, syncs and renames: whoever reads sees the old contents or the new.
  static func write(_ text: String, to path: FilePath, mode: UInt16 = 0o644) throws(CloudError) {
    let temporary = path.removingLastComponent().appending(".\(path.lastComponent?.string ?? "").\(getpid())~")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: FilePermissions(rawValue: CModeT(mode)))
      try file.closeAfter {
        _ = try file.writeAll(Array(text.utf8))
        guard fchmod(file.rawValue, mode_t(mode)) == 0, fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
      }
      try rename(temporary, path)
    } catch let error as CloudError {
      throw error
    } catch {
      throw CloudError(.failed, operation: "write \(path)", cause: "\(error)")
    }
  }

  static func rename(_ old: FilePath, _ new: FilePath) throws(CloudError) {
    guard Glibc.rename(old.string, new.string) == 0 else {
      throw CloudError(.failed, operation: "rename \(old) to \(new)", cause: "\(Errno(rawValue: errno))")
    }
    // Without it a name may be gone after a power cut, and with it the record of what was made.
    let directory = open(new.removingLastComponent().string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// Makes a directory and those above it, with just this mode whatever the umask says; one that exists stays as it is.
  static func makeDirectory(_ path: FilePath, mode: UInt16 = 0o755) throws(CloudError) {
    if exists(path) { return }
    let parent = path.removingLastComponent()
    if !parent.isEmpty, parent != path { try makeDirectory(parent, mode: mode) }
    guard mkdir(path.string, mode_t(mode)) == 0 else {
      if errno == EEXIST { return }
      throw CloudError(.failed, operation: "make directory \(path)", cause: "\(Errno(rawValue: errno))")
    }
    chmod(path.string, mode_t(mode))
  }

  /// Names in a directory, sorted; none where there is no directory.
  static func list(_ path: FilePath) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []).sorted()
  }

  static func exists(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }

  static func remove(_ path: FilePath) { unlink(path.string) }
}

extension DiskFile {
  /// Readable, and the same text for the same value.
  static func json(_ value: some Encodable) -> String { JSONText.encoded(value, isPretty: true) + "\n" }
}

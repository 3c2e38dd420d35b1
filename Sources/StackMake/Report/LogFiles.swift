package import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// Where the logs of targets are: `logs/TARGET/RUN.log` in the state directory, with `:` for each `/` in the target's
/// name (no name has a `:`), so that the logs of `a` and of `a/b` don't meet.
package struct LogFiles: Sendable {
  /// How many runs of a target are kept.
  package static let kept = 10

  private let directory: FilePath

  /// `directory` is `.stackmake/logs`; it need not exist.
  package init(directory: FilePath) { self.directory = directory }

  /// The log of the target's last run; nil where it has none.
  package func path(of target: String) -> FilePath? {
    runs(of: target).last.map { path(of: target, run: $0) }
  }

  package func path(of target: String, run: Int64) -> FilePath {
    folder(of: target).appending("\(run).log")
  }

  /// The runs that the target has a log of, oldest first.
  package func runs(of target: String) -> [Int64] {
    guard let stream = folder(of: target).withPlatformString({ opendir($0) }) else { return [] }
    defer { closedir(stream) }
    var runs: [Int64] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name.hasSuffix(".log"), let run = Int64(name.dropLast(4)) { runs.append(run) }
    }
    return runs.sorted()
  }

  /// Opens the target's log of that run for appending, mode 0600, and removes logs beyond `kept`.
  func open(_ target: String, run: Int64) throws(Errno) -> FileDescriptor {
    let folder = folder(of: target)
    for path in [directory.removingLastComponent(), directory, folder] where !path.isEmpty {
      guard path.withPlatformString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }
    let path = path(of: target, run: run)
    let descriptor = path.withPlatformString { Glibc.open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    for old in runs(of: target).dropLast(Self.kept) {
      // One that can't be removed is in nobody's way.
      _ = self.path(of: target, run: old).withPlatformString { unlink($0) }
    }
    return FileDescriptor(rawValue: descriptor)
  }

  private func folder(of target: String) -> FilePath {
    directory.appending(FilePath.Component(Self.folderName(target)) ?? "=")
  }

  /// `.` and `..` are no names for a directory of ours, nor is one that is too long for the file system.
  static func folderName(_ target: String) -> String {
    let name = target.replacing("/", with: ":")
    if name.utf8.count > 200 { return "\(name.prefix(100))=\(Fingerprint(of: target).short)" }
    return name.hasPrefix(".") ? "=" + name : name
  }
}

/// Follows a target's log from its beginning, and goes on to the log of a later run when there is one.
package struct LogTail: Sendable {
  private let files: LogFiles
  private let target: String
  private var run: Int64?
  private var offset: Int64 = 0

  package init(_ files: LogFiles, target: String) {
    self.files = files
    self.target = target
  }

  /// What was written since the last time; empty where nothing was. Blocks as reading a file does.
  package mutating func next() throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    for later in files.runs(of: target).filter({ run == nil || $0 >= run ?? 0 }).suffix(run == nil ? 1 : .max) {
      if later != run { (run, offset) = (later, 0) }
      bytes += try read(files.path(of: target, run: later))
    }
    return bytes
  }

  private mutating func read(_ path: FilePath) throws(Errno) -> [UInt8] {
    let descriptor = path.withPlatformString { Glibc.open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &piece, piece.count, off_t(offset))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      if count == 0 { return bytes }
      bytes += piece[..<count]
      offset += Int64(count)
    }
  }
}

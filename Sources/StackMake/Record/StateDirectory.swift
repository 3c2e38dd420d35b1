package import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// `.stackmake/`, which holds keys and passwords: nobody but its owner may look into it.
package enum StateDirectory {
  /// Makes the directory with mode 0700, or takes away what others may do there.
  package static func prepare(_ path: FilePath) throws(StoreError) {
    let made = path.withPlatformString { mkdir($0, 0o700) }
    if made != 0, errno != EEXIST {
      throw failure("create the state directory", path)
    }
    try tighten(path, to: 0o700, operation: "restrict the state directory")
    guard path.withPlatformString({ access($0, W_OK | X_OK) }) == 0 else {
      throw failure("write to the state directory", path)
    }
  }

  /// Makes the file, where it doesn't exist, with mode 0600; takes away others' rights where it does.
  static func prepareFile(_ path: FilePath) throws(StoreError) {
    let descriptor = path.withPlatformString { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
    guard descriptor >= 0 else { throw failure("open the record", path) }
    close(descriptor)
    try tighten(path, to: 0o600, operation: "restrict the record")
  }

  static func exists(_ path: FilePath) -> Bool { path.withPlatformString { access($0, F_OK) } == 0 }

  static func bytes(of path: FilePath) throws(StoreError) -> [UInt8] {
    let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw failure("read the record", path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &piece, piece.count)
      if count == 0 { return bytes }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("read the record", path) }
      bytes += piece[..<count]
    }
  }

  private static func tighten(_ path: FilePath, to mode: mode_t, operation: String) throws(StoreError) {
    var status = stat()
    guard path.withPlatformString({ stat($0, &status) }) == 0 else { throw failure(operation, path) }
    guard status.st_mode & 0o7777 & ~mode != 0 else { return }
    guard path.withPlatformString({ chmod($0, status.st_mode & mode) }) == 0 else { throw failure(operation, path) }
  }

  /// What the last system call said.
  static func failure(_ operation: String, _ path: FilePath) -> StoreError {
    let code = errno
    let hint: String?
    let kind: StoreError.Code
    switch code {
    case ENOSPC, EDQUOT:
      (kind, hint) = (.full, "make room on the disk and run stackmake again: it goes on from there")
    case EROFS, EACCES, EPERM:
      (kind, hint) = (.readOnly, "run as the user who owns `\(path)`, on a disk that can be written")
    case ENOENT: (kind, hint) = (.io, "make the directory `\(path.removingLastComponent())` first")
    case ENOTDIR, EEXIST:
      (kind, hint) = (.io, "move away the file that is where this directory, or one above it, should be")
    default:
      (kind, hint) = (.io, nil)
    }
    return StoreError(
      code: kind, operation: operation, path: path.string, cause: String(cString: strerror(code)), hint: hint)
  }
}

import Glibc
import SystemPackage

/// An advisory lock on a file, held until `release` or the end of the process, however that comes.
struct FileLock: ~Copyable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  consuming func release() {}

  /// The lock, or nil where somebody else has it. Throws where the directory is gone.
  static func attempt(_ path: FilePath) throws(CloudError) -> FileLock? {
    let descriptor = open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let code: CloudError.Code = errno == ENOENT ? .notFound : .failed
      throw CloudError(code, operation: "lock \(path)", cause: "\(Errno(rawValue: errno))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    var held = stat()
    var named = stat()
    // Whoever had it may have moved the directory away meanwhile: then this is the lock of something that is gone.
    guard fstat(descriptor, &held) == 0, stat(path.string, &named) == 0, held.st_ino == named.st_ino,
      held.st_dev == named.st_dev
    else {
      close(descriptor)
      return nil
    }
    return FileLock(descriptor: descriptor)
  }

  /// Whether somebody holds it now.
  static func isHeld(_ path: FilePath) -> Bool {
    let descriptor = open(path.string, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }
}

#if canImport(Glibc)
  import Glibc
#endif

/// What the system says of a file without reading it: the same stamp means the same contents, as long as the file
/// had settled when the stamp was taken.
package struct FileStamp: Hashable, Sendable {
  /// 0, or why there is no stamp: `ENOENT` is as good as a stamp.
  let error: Int32
  let device: UInt64
  let inode: UInt64
  let size: Int64
  /// Nanoseconds since 1970: of the contents, and of anything about the file.
  let modified: Int64
  let changed: Int64

  /// Follows links: what counts is what would be read.
  package init(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      (error, device, inode, size, modified, changed) = (errno, 0, 0, 0, 0, 0)
      return
    }
    error = 0
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
  }

  init(size: Int64, modified: Int64, changed: Int64, error: Int32 = 0) {
    (self.error, device, inode, self.size, self.modified, self.changed) = (error, 1, 1, size, modified, changed)
  }

  package var exists: Bool { error == 0 }

  /// Whether every change from `moment` on shows in the stamp. A file that was changed within one tick of its
  /// file system's clock before that may be changed again within the same tick.
  ///
  /// - Parameter moment: when the stamp was taken or earlier, in nanoseconds since 1970.
  package func isSettled(at moment: Int64) -> Bool {
    exists ? max(modified, changed) < moment - tick : isAbsent
  }

  /// The same for changes of the contents alone, by whoever doesn't set the time of modification.
  func keepsContents(since moment: Int64) -> Bool { exists ? modified < moment - tick : isAbsent }

  private var isAbsent: Bool { error == ENOENT || error == ENOTDIR }
  private var tick: Int64 { changed % 1_000_000_000 == 0 ? Self.coarseTick : Self.fineTick }

  /// Kernels stamp files by a clock that goes on every 1 to 10 ms.
  private static let fineTick: Int64 = 50_000_000
  /// File systems that keep no parts of seconds; FAT keeps every other one.
  private static let coarseTick: Int64 = 2_000_000_000

  /// One line, by which two stamps are compared.
  var text: String { "\(textOfContents) \(changed)" }
  /// The same without what doesn't concern the contents.
  var textOfContents: String { "\(error) \(device) \(inode) \(size) \(modified)" }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

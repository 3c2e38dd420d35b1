import Synchronization
package import SystemPackage

/// Files of this machine, with a stamp of each that was asked for, taken before it was looked at; also of directories
/// that were listed, and of paths where nothing was.
package final class WatchingFileSystem: FileSystem {
  private let base: LocalFileSystem
  private let directory: FilePath
  private let stamps = Mutex<[String: FileStamp]>([:])

  /// - Parameter directory: where paths that aren't absolute begin.
  package init(directory: FilePath) {
    self.directory = directory
    base = LocalFileSystem(directory: directory)
  }

  /// By absolute path.
  package var seen: [String: FileStamp] { stamps.withLock { $0 } }

  /// Takes a stamp of a file that somebody else reads now.
  package func note(_ path: FilePath) {
    let path = directory.pushing(path).string
    stamps.withLock { stamps in
      // The first counts: a later one would hide a change between the two.
      if stamps[path] == nil { stamps[path] = FileStamp(of: path) }
    }
  }

  package func read(_ path: FilePath) throws(FileError) -> [UInt8] {
    note(path)
    return try base.read(path)
  }

  package func kind(of path: FilePath) throws(FileError) -> FileKind? {
    note(path)
    return try base.kind(of: path)
  }

  package func list(_ path: FilePath) throws(FileError) -> [String] {
    note(path)
    return try base.list(path)
  }

  package func fingerprint(_ path: FilePath) throws(FileError) -> FileFingerprint {
    note(path)
    return try base.fingerprint(path)
  }
}

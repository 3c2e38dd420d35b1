package import SystemPackage

/// The files that a Stackfile names: read only.
///
/// Paths that aren't absolute are taken from the directory that the implementation was made with.
package protocol FileSystem: Sendable {
  /// The whole file. Throws `FileError` where it can't be read (absent, a directory, no permission).
  func read(_ path: FilePath) throws(FileError) -> [UInt8]
  /// What is at the path, links followed; nil where there is nothing.
  func kind(of path: FilePath) throws(FileError) -> FileKind?
  /// Names in a directory, sorted by bytes, without `.` and `..`.
  func list(_ path: FilePath) throws(FileError) -> [String]
  /// SHA-256 and permission bits of a file's contents, read in pieces.
  func fingerprint(_ path: FilePath) throws(FileError) -> FileFingerprint
}

package enum FileKind: Sendable, Hashable {
  case file, directory, other
}

package struct FileFingerprint: Sendable, Hashable {
  package var digest: Fingerprint
  package var size: Int64
  /// Permission bits, 0o7777 at most.
  package var mode: UInt16

  package init(digest: Fingerprint, size: Int64, mode: UInt16) {
    self.digest = digest
    self.size = size
    self.mode = mode
  }
}

/// A file that couldn't be read: which, and what the system said.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  package let path: String
  package let errno: Errno

  package init(path: String, errno: Errno) {
    self.path = path
    self.errno = errno
  }

  package var description: String { "\(path): \(errno)" }
}

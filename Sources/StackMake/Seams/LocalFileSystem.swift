package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files of this machine. Its calls block.
package struct LocalFileSystem: FileSystem {
  private let directory: FilePath

  /// - Parameter directory: where paths that aren't absolute begin.
  package init(directory: FilePath) {
    self.directory = directory
  }

  package func read(_ path: FilePath) throws(FileError) -> [UInt8] {
    do throws(Errno) {
      var bytes: [UInt8] = []
      try withFile(path) { (file, status) throws(Errno) in
        bytes.reserveCapacity(Int(status.size))
        try Self.eachPiece(of: file) { bytes.append(contentsOf: $0) }
      }
      return bytes
    } catch {
      throw FileError(path: path.string, errno: error)
    }
  }

  package func kind(of path: FilePath) throws(FileError) -> FileKind? {
    do throws(Errno) {
      return switch try Stat(full(path)).type {
      case .regular: .file
      case .directory: .directory
      default: .other
      }
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw FileError(path: path.string, errno: error)
    }
  }

  package func list(_ path: FilePath) throws(FileError) -> [String] {
    guard let stream = full(path).withPlatformString({ opendir($0) }) else {
      throw FileError(path: path.string, errno: Errno(rawValue: errno))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      // The end and an error look the same but for this.
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    if errno != 0 { throw FileError(path: path.string, errno: Errno(rawValue: errno)) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func fingerprint(_ path: FilePath) throws(FileError) -> FileFingerprint {
    do throws(Errno) {
      var hasher = Fingerprint.Hasher()
      var size: Int64 = 0
      let mode = try withFile(path) { (file, status) throws(Errno) in
        try Self.eachPiece(of: file) { piece in
          hasher.update(UnsafeRawBufferPointer(piece))
          size += Int64(piece.count)
        }
        return UInt16(status.permissions.rawValue & 0o7777)
      }
      return FileFingerprint(digest: hasher.finish(), size: size, mode: mode)
    } catch {
      throw FileError(path: path.string, errno: error)
    }
  }

  private func full(_ path: FilePath) -> FilePath { directory.pushing(path) }

  /// Opens a regular file. Anything else is refused without waiting for its other end.
  private func withFile<R>(
    _ path: FilePath, _ body: (FileDescriptor, Stat) throws(Errno) -> R
  ) throws(Errno) -> R {
    let file: FileDescriptor
    let result: Result<R, Errno>
    do {
      file = try FileDescriptor.open(full(path), .readOnly, options: [.nonBlocking, .closeOnExec])
    } catch {
      throw Self.typed(error)
    }
    do throws(Errno) {
      let status = try Stat(file)
      if status.type == .directory { throw .isDirectory }
      if status.type != .regular { throw .invalidArgument }
      result = .success(try body(file, status))
    } catch {
      result = .failure(error)
    }
    // Nothing was written, so that closing can't lose anything.
    try? file.close()
    return try result.get()
  }

  private static func eachPiece(
    of file: FileDescriptor, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(Errno) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    do {
      while case let count = try file.read(into: buffer), count > 0 {
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    } catch {
      throw typed(error)
    }
  }

  /// swift-system's calls say only `throws`, but throw nothing else.
  private static func typed(_ error: any Error) -> Errno {
    guard let error = error as? Errno else { preconditionFailure("BUG: not an Errno: \(error)") }
    return error
  }
}

package import StackMake
import Synchronization
package import SystemPackage

/// Files in a dictionary, by path; directories are there where a file is below them. Records what is read.
package final class InMemoryFileSystem: FileSystem {
  package struct File: Sendable {
    package var bytes: [UInt8]
    package var mode: UInt16

    package init(_ text: String, mode: UInt16 = 0o644) {
      bytes = Array(text.utf8)
      self.mode = mode
    }

    package init(bytes: [UInt8], mode: UInt16 = 0o644) {
      self.bytes = bytes
      self.mode = mode
    }
  }

  private struct State {
    var files: [String: File] = [:]
    var faults: [String: Errno] = [:]
    var reads: [String] = []
  }

  private let state = Mutex(State())

  package init(_ files: [String: File] = [:]) {
    state.withLock { state in
      for (path, file) in files { state.files[Self.key(FilePath(path))] = file }
    }
  }

  package convenience init(texts: [String: String]) {
    self.init(texts.mapValues { File($0) })
  }

  /// Paths whose contents were read, in order.
  package var reads: [String] { state.withLock { $0.reads } }

  package func write(_ path: String, _ file: File) {
    state.withLock { $0.files[Self.key(FilePath(path))] = file }
  }

  /// Reading `path` fails with `errno` from now on.
  package func fail(_ path: String, _ errno: Errno) {
    state.withLock { $0.faults[Self.key(FilePath(path))] = errno }
  }

  package func read(_ path: FilePath) throws(FileError) -> [UInt8] {
    try file(path).bytes
  }

  package func kind(of path: FilePath) throws(FileError) -> FileKind? {
    let key = Self.key(path)
    return state.withLock { state in
      if state.files[key] != nil { return .file }
      return Self.isDirectory(key, state) ? .directory : nil
    }
  }

  package func list(_ path: FilePath) throws(FileError) -> [String] {
    let key = Self.key(path)
    let (names, kind) = state.withLock { state in
      let prefix = key.isEmpty ? "" : key == "/" ? "/" : key + "/"
      let names = Set(
        state.files.keys.filter { $0.hasPrefix(prefix) && ($0.hasPrefix("/") == prefix.hasPrefix("/")) }
          .map { String($0.dropFirst(prefix.count).prefix { $0 != "/" }) })
      let kind: FileKind? = state.files[key] != nil ? .file : Self.isDirectory(key, state) ? .directory : nil
      return (names, kind)
    }
    switch kind {
    case .directory: return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    case .file, .other: throw FileError(path: path.string, errno: .notDirectory)
    case nil: throw FileError(path: path.string, errno: .noSuchFileOrDirectory)
    }
  }

  package func fingerprint(_ path: FilePath) throws(FileError) -> FileFingerprint {
    let file = try file(path)
    return FileFingerprint(digest: Fingerprint(of: file.bytes), size: Int64(file.bytes.count), mode: file.mode)
  }

  private func file(_ path: FilePath) throws(FileError) -> File {
    let key = Self.key(path)
    let result = state.withLock { state -> Result<File, Errno> in
      state.reads.append(path.string)
      if let fault = state.faults[key] { return .failure(fault) }
      if let file = state.files[key] { return .success(file) }
      return .failure(Self.isDirectory(key, state) ? .isDirectory : .noSuchFileOrDirectory)
    }
    switch result {
    case .success(let file): return file
    case .failure(let errno): throw FileError(path: path.string, errno: errno)
    }
  }

  /// `.` is the empty key.
  private static func key(_ path: FilePath) -> String {
    let key = path.lexicallyNormalized().string
    return key == "." ? "" : key
  }

  private static func isDirectory(_ key: String, _ state: State) -> Bool {
    if key.isEmpty || key == "/" { return true }
    return state.files.keys.contains { $0.hasPrefix(key + "/") }
  }
}

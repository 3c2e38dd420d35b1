package import SystemPackage

/// Packs: Stackfiles with their templates and scripts that ship inside the program.
///
/// `include <NAME>` reads the pack's Stackfile; `<NAME>/FILE` is the path of a file of it, for `put` and `render`.
package struct Packs: Sendable {
  /// The file of a pack that `include <NAME>` reads.
  package static let stackfile = "Stackfile"

  package struct File: Sendable {
    package var bytes: [UInt8]
    /// Permission bits.
    package var mode: UInt16

    package init(_ text: String, mode: UInt16 = 0o644) {
      bytes = Array(text.utf8)
      self.mode = mode
    }
  }

  private let files: [String: [String: File]]

  /// - Parameter files: by pack, by name.
  package init(_ files: [String: [String: File]] = [:]) { self.files = files }

  /// Sorted by bytes.
  package var names: [String] { files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  /// The Stackfiles by the names of their packs.
  package var stackfiles: [String: [UInt8]] { files.compactMapValues { $0[Self.stackfile]?.bytes } }

  /// The names of a pack's files, sorted by bytes, its Stackfile first; nil where there is no such pack.
  package func files(of pack: String) -> [String]? {
    files[pack].map { files in
      files.keys.sorted { left, right in
        left == Self.stackfile
          || (right != Self.stackfile && left.utf8.lexicographicallyPrecedes(right.utf8))
      }
    }
  }

  package func file(_ name: String, in pack: String) -> File? { files[pack]?[name] }

  /// Whether a path is one of a pack, as far as the text tells.
  static func isPacked(_ path: String) -> Bool { parts(FilePath(path)) != nil }

  /// `<NAME>/FILE` in its parts; FILE is "" for the pack itself.
  fileprivate static func parts(_ path: FilePath) -> (pack: String, file: String)? {
    let text = path.string
    guard text.hasPrefix("<"), let end = text.firstIndex(of: ">") else { return nil }
    let rest = text[text.index(after: end)...]
    guard rest.isEmpty || rest.hasPrefix("/") else { return nil }
    return (String(text[text.index(after: text.startIndex)..<end]), String(rest.drop { $0 == "/" }))
  }
}

/// The files of packs, and those of another file system for all other paths.
package struct PackFileSystem: FileSystem {
  private let packs: Packs
  private let base: any FileSystem

  package init(_ packs: Packs, over base: any FileSystem) {
    self.packs = packs
    self.base = base
  }

  package func read(_ path: FilePath) throws(FileError) -> [UInt8] {
    guard let (pack, file) = Packs.parts(path) else { return try base.read(path) }
    if let found = packs.file(file, in: pack) { return found.bytes }
    throw FileError(path: path.string, errno: isPack(pack, file) ? .isDirectory : .noSuchFileOrDirectory)
  }

  package func kind(of path: FilePath) throws(FileError) -> FileKind? {
    guard let (pack, file) = Packs.parts(path) else { return try base.kind(of: path) }
    if isPack(pack, file) { return .directory }
    return packs.file(file, in: pack) == nil ? nil : .file
  }

  package func list(_ path: FilePath) throws(FileError) -> [String] {
    guard let (pack, file) = Packs.parts(path) else { return try base.list(path) }
    guard isPack(pack, file), let names = packs.files(of: pack) else {
      throw FileError(
        path: path.string, errno: packs.file(file, in: pack) == nil ? .noSuchFileOrDirectory : .notDirectory)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func fingerprint(_ path: FilePath) throws(FileError) -> FileFingerprint {
    guard let (pack, file) = Packs.parts(path) else { return try base.fingerprint(path) }
    let bytes = try read(path)
    return FileFingerprint(
      digest: Fingerprint(of: bytes), size: Int64(bytes.count), mode: packs.file(file, in: pack)?.mode ?? 0o644)
  }

  private func isPack(_ pack: String, _ file: String) -> Bool { file.isEmpty && packs.files(of: pack) != nil }
}

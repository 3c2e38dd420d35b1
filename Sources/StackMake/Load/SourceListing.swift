import SystemPackage

/// A file that a `put` or `render` source stands for.
struct SourceEntry {
  var path: String
  /// Below the destination; empty where the source is one file.
  var relative: String
}

/// Finds the files of a source: one file, a glob, or a directory with all in it.
struct SourceListing {
  enum Failure: Error {
    case missing
    case matchesNothing
    case tooMany(limit: Int)
    case notAFile(String)
    case file(FileError)
  }

  private let fileSystem: any FileSystem
  private let limit: Int
  private var found: [SourceEntry] = []
  /// Deeper than that is a loop of links.
  private static let depth = 64

  init(fileSystem: any FileSystem, limit: Int) {
    self.fileSystem = fileSystem
    self.limit = limit
  }

  /// - Parameter all: whether to go into directories; else they stand for themselves.
  mutating func entries(_ path: String, all: Bool) throws(Failure) -> [SourceEntry] {
    do {
      if try fileSystem.kind(of: FilePath(path)) != nil {
        try visit(path, "", depth: 0, all: all)
      } else if Glob.isGlob(path.utf8) {
        let paths = try FileGlob.expand(path, in: fileSystem)
        if paths.isEmpty { throw Failure.matchesNothing }
        for path in paths { try visit(path, Paths.lastComponent(path), depth: 0, all: all) }
      } else {
        throw Failure.missing
      }
    } catch let error as FileError {
      throw .file(error)
    } catch let failure as Failure {
      throw failure
    } catch {
      preconditionFailure("BUG: an error of neither type: \(error)")
    }
    return found
  }

  private mutating func visit(_ path: String, _ relative: String, depth: Int, all: Bool) throws {
    switch try fileSystem.kind(of: FilePath(path)) {
    case .file:
      if found.count == limit { throw Failure.tooMany(limit: limit) }
      found.append(SourceEntry(path: path, relative: relative))
    case .directory:
      guard all else { return found.append(SourceEntry(path: path, relative: relative)) }
      if depth == Self.depth { throw FileError(path: path, errno: .tooManySymbolicLinkLevels) }
      for name in try fileSystem.list(FilePath(path)) {
        try visit(
          Paths.join(path, name), relative.isEmpty ? name : relative + "/" + name, depth: depth + 1, all: all)
      }
    case .other: throw Failure.notAFile(path)
    case nil:
      if depth == 0 { throw Failure.missing }
      // A link that leads nowhere.
      throw FileError(path: path, errno: .noSuchFileOrDirectory)
    }
  }
}

import SystemPackage

/// The files that the recipes of some targets move, read once before anything runs.
package struct SourceFiles: Sendable {
  package struct File: Hashable, Sendable {
    /// Where it is on this machine.
    package var path: String
    /// Where it goes below the destination; "" where the source is that one file.
    package var relativePath: String
    package var fingerprint: FileFingerprint
    /// What is in it, where it is on no disk.
    package var bytes: [UInt8]?
  }

  private var bySource: [String: [File]] = [:]
  /// Where they are, to be read once more.
  private(set) var fileSystem: (any FileSystem)?
  /// Shared by all copies.
  let lastText = LastText()

  package init() {}

  /// Reads what `put` and `render` steps of `targets` name. Everything that can't be read is in `errors`.
  package static func read(
    _ targets: some Sequence<TargetID>, in graph: Graph, from fileSystem: any FileSystem
  ) -> (files: SourceFiles, errors: [(SourceLocation, FileError)]) {
    var files = SourceFiles()
    files.fileSystem = fileSystem
    var errors: [(SourceLocation, FileError)] = []
    var seenRecipes: Set<UInt32> = []
    for target in targets where seenRecipes.insert(graph.recipeOf[Int(target.index)]).inserted {
      for step in graph.recipe(target) {
        var sources: [String] = []
        switch step.body {
        case .script: continue
        case .put(let transfer): sources = [transfer.source]
        case .render(_, let rendered): sources = rendered.map(\.path)
        }
        for source in sources where files.bySource[source] == nil {
          do throws(FileError) {
            files.bySource[source] = try expand(source, fileSystem)
          } catch {
            errors.append((step.location, error))
            files.bySource[source] = []
          }
        }
      }
    }
    return (files, errors)
  }

  package var all: some Sequence<File> { bySource.values.joined() }

  /// The files of a `put` source, or the one file of a rendered path.
  package func files(of source: String) -> [File] { bySource[source] ?? [] }

  private static func expand(_ source: String, _ fileSystem: any FileSystem) throws(FileError) -> [File] {
    // The loader has looked at the source already: what fails here went away since.
    var listing = SourceListing(fileSystem: fileSystem, limit: .max)
    let entries: [SourceEntry]
    do throws(SourceListing.Failure) {
      entries = try listing.entries(source, all: true)
    } catch {
      switch error {
      case .file(let error): throw error
      case .notAFile(let path): throw FileError(path: path, errno: .notSupported)
      case .missing, .matchesNothing, .tooMany: throw FileError(path: source, errno: .noSuchFileOrDirectory)
      }
    }
    var files: [File] = []
    for entry in entries {
      let path = FilePath(entry.path)
      files.append(
        File(
          path: entry.path, relativePath: entry.relative, fingerprint: try fileSystem.fingerprint(path),
          bytes: Packs.isPacked(entry.path) ? try fileSystem.read(path) : nil))
    }
    return files
  }
}

import FoundationEssentials
package import SystemPackage

/// A directory of a test's own, removed with all that is in it when nobody holds this any more.
package final class ScratchDirectory: Sendable {
  package let path: FilePath

  package init() throws {
    path = FilePath("\(FileManager.default.temporaryDirectory.path)/stackmake-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }
}

import FoundationEssentials

/// Files in Tests/Fixtures.
package enum FixtureFile {
  private static let root =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/") + "/Fixtures/"

  /// The bytes of one; none where it can't be read, which `#require` should notice.
  package static func bytes(_ name: String) -> [UInt8] {
    (try? Data(contentsOf: URL(filePath: root + name))).map(Array.init) ?? []
  }

  /// Names in a folder, sorted.
  package static func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root + folder)) ?? []).sorted()
  }
}

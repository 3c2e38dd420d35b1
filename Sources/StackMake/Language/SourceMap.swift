/// All files that were read in one load, by number: what ranges and diagnostics refer to.
package struct SourceMap: Sendable {
  package private(set) var files: [SourceFile] = []

  package init() {}

  package mutating func add(_ file: SourceFile) -> UInt32 {
    files.append(file)
    return UInt32(files.count - 1)
  }

  package subscript(_ number: UInt32) -> SourceFile { files[Int(number)] }

  package func text(_ range: SourceRange) -> String { self[range.file].text(range.bounds) }

  /// Where the range begins, as people count.
  package func location(_ range: SourceRange) -> SourceLocation {
    self[range.file].location(at: Int(range.start))
  }
}

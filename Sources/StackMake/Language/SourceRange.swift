/// Bytes of one file: which file of a `SourceMap`, and from where to where in it.
package struct SourceRange: Hashable, Sendable {
  /// The number of the file in its `SourceMap`.
  package var file: UInt32
  package var start: UInt32
  /// After the last byte.
  package var end: UInt32

  package init(file: UInt32, start: Int, end: Int) {
    self.file = file
    self.start = UInt32(start)
    self.end = UInt32(end)
  }

  package var bounds: Range<Int> { Int(start)..<Int(end) }
}

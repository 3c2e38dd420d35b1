/// Turns a stream of bytes into lines.
///
/// A carriage return that no newline follows starts the line over, as a terminal would: of a progress bar the last
/// state is kept. A line longer than the limit is given in pieces, never cut inside a character.
package struct LineSplitter: Sendable {
  private let limit: Int
  private var line: [UInt8] = []
  private var sawReturn = false

  /// `limit` in bytes, 8 at least.
  package init(limit: Int = 8192) { self.limit = max(8, limit) }

  /// The lines that these bytes complete, without their ends. Bytes that aren't UTF-8 become U+FFFD.
  package mutating func feed(_ bytes: some Sequence<UInt8>) -> [String] {
    var lines: [String] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(take())
        continue
      }
      if byte == UInt8(ascii: "\r") {
        sawReturn = true
        continue
      }
      if sawReturn {
        line.removeAll(keepingCapacity: true)
        sawReturn = false
      }
      if line.count >= limit { lines.append(takeWholeCharacters()) }
      line.append(byte)
    }
    return lines
  }

  /// What came after the last newline; nil where nothing did.
  package mutating func finish() -> String? { line.isEmpty ? nil : take() }

  /// What the line is so far.
  package var partial: String { String(decoding: line, as: UTF8.self) }

  private mutating func take() -> String {
    sawReturn = false
    defer { line.removeAll(keepingCapacity: true) }
    return String(decoding: line, as: UTF8.self)
  }

  /// Leaves the bytes of a character that isn't complete yet: at most three.
  private mutating func takeWholeCharacters() -> String {
    var start = line.count - 1
    while start > line.count - 4, line[start] & 0xc0 == 0x80 { start -= 1 }
    let needed = line[start] >= 0xf0 ? 4 : line[start] >= 0xe0 ? 3 : line[start] >= 0xc0 ? 2 : 1
    let end = line.count - start < needed ? start : line.count
    defer { line.removeFirst(end) }
    return String(decoding: line[..<end], as: UTF8.self)
  }
}

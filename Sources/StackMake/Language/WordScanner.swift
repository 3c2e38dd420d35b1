/// Splits a line into words at blanks; `"…"` and `{{ … }}` hold a word together.
struct WordScanner {
  private let source: SourceFile
  private let number: UInt32
  private(set) var diagnostics: [Diagnostic] = []

  init(_ source: SourceFile, number: UInt32) {
    self.source = source
    self.number = number
  }

  /// Words in `range`. With `hasComments` a `#` after a blank ends it.
  mutating func words(_ range: Range<Int>, hasComments: Bool = false) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var at = range.lowerBound
    while true {
      at = skipBlanks(at, range.upperBound)
      guard at < range.upperBound else { return result }
      if hasComments, source.bytes[at] == Byte.hash { return result }
      let end = endOfWord(at, range.upperBound)
      result.append(at..<end)
      at = end
    }
  }

  /// Over blanks and line ends that `\` continues.
  func skipBlanks(_ start: Int, _ limit: Int) -> Int {
    var at = start
    while at < limit {
      let byte = source.bytes[at]
      let isLineEnd = byte == Byte.newline || byte == Byte.carriageReturn
      let isContinuation =
        byte == Byte.backslash && at + 1 < limit
        && (source.bytes[at + 1] == Byte.newline || source.bytes[at + 1] == Byte.carriageReturn)
      guard Byte.isBlank(byte) || isLineEnd || isContinuation else { break }
      at += 1
    }
    return at
  }

  mutating func endOfWord(_ start: Int, _ limit: Int) -> Int {
    var at = start
    while at < limit {
      let byte = source.bytes[at]
      if Byte.isBlank(byte) || byte == Byte.newline || byte == Byte.carriageReturn { break }
      let next = at + 1 < limit ? source.bytes[at + 1] : 0
      if byte == Byte.backslash, next == Byte.newline || next == Byte.carriageReturn { break }
      if byte == Byte.quote {
        if let close = find(from: at + 1, limit, { self.source.bytes[$0] == Byte.quote }) {
          at = close + 1
          continue
        }
        diagnostics.append(Diagnostic(.unclosedQuote, at: SourceRange(file: number, start: at, end: at + 1)))
        return limit
      }
      if byte == Byte.openBrace, next == Byte.openBrace {
        if at + 3 < limit, source.bytes[at + 2] == Byte.openBrace, source.bytes[at + 3] == Byte.openBrace {
          at += 4
          continue
        }
        // A hole that isn't closed is reported by whoever reads the word.
        let close = find(from: at + 2, limit) {
          $0 + 1 < limit && self.source.bytes[$0] == Byte.closeBrace && self.source.bytes[$0 + 1] == Byte.closeBrace
        }
        at = close.map { $0 + 2 } ?? at + 2
        continue
      }
      at += 1
    }
    return at
  }

  /// The first offset in this line where `condition` holds.
  private func find(from start: Int, _ limit: Int, _ condition: (Int) -> Bool) -> Int? {
    var at = start
    while at < limit, source.bytes[at] != Byte.newline {
      if condition(at) { return at }
      at += 1
    }
    return nil
  }
}

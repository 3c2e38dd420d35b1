/// Makes a `TemplateSyntax` of pieces of a file.
struct TemplateReader {
  /// What is special beside `{{`.
  enum Mode {
    /// Nothing: scripts and files.
    case raw
    /// `\` at the end of a line is one blank, `\#` is `#`.
    case value
    /// As in `value`, and quotes fall away.
    case word
  }

  private let source: SourceFile
  private let number: UInt32
  private var text: [UInt8] = []
  private var result = TemplateSyntax()
  private(set) var diagnostics: [Diagnostic] = []

  init(_ source: SourceFile, number: UInt32) {
    self.source = source
    self.number = number
  }

  /// Appends bytes that aren't in the file.
  mutating func append(_ bytes: some Sequence<UInt8>) {
    text.append(contentsOf: bytes)
  }

  mutating func append(_ range: Range<Int>, _ mode: Mode = .raw) {
    var at = range.lowerBound
    var copied = at
    while at < range.upperBound {
      let byte = source.bytes[at]
      switch byte {
      case Byte.openBrace where at + 1 < range.upperBound && source.bytes[at + 1] == Byte.openBrace:
        text.append(contentsOf: source.bytes[copied..<at])
        at = readHole(at, range.upperBound)
      case Byte.backslash where mode != .raw && at + 1 < range.upperBound:
        let next = source.bytes[at + 1]
        if next == Byte.hash {
          text.append(contentsOf: source.bytes[copied..<at])
          copied = at + 1
          at += 2
          continue
        }
        guard next == Byte.newline || next == Byte.carriageReturn else {
          at += 1
          continue
        }
        text.append(contentsOf: source.bytes[copied..<at])
        while let last = text.last, Byte.isBlank(last) { text.removeLast() }
        at += next == Byte.newline ? 2 : 3
        while at < range.upperBound, Byte.isBlank(source.bytes[at]) { at += 1 }
        text.append(Byte.space)
      case Byte.quote where mode == .word:
        text.append(contentsOf: source.bytes[copied..<at])
        at += 1
      default:
        at += 1
        continue
      }
      at = min(at, range.upperBound)
      copied = at
    }
    text.append(contentsOf: source.bytes[copied..<range.upperBound])
  }

  /// What was appended; the reader is empty after that.
  mutating func finish() -> TemplateSyntax {
    flush()
    defer { result = TemplateSyntax() }
    return result
  }

  private mutating func flush() {
    guard !text.isEmpty else { return }
    result.parts.append(.text(String(decoding: text, as: UTF8.self)))
    text.removeAll(keepingCapacity: true)
  }

  /// Reads from `{{` on, and gives the offset after `}}`.
  private mutating func readHole(_ open: Int, _ limit: Int) -> Int {
    let bytes = source.bytes
    var at = open + 2
    if at + 1 < limit, bytes[at] == Byte.openBrace, bytes[at + 1] == Byte.openBrace {
      text.append(contentsOf: [Byte.openBrace, Byte.openBrace])
      return at + 2
    }
    var words: [TemplateSyntax.Word] = []
    while at < limit, bytes[at] != Byte.newline {
      if Byte.isBlank(bytes[at]) || bytes[at] == Byte.carriageReturn {
        at += 1
      } else if isClose(at, limit) {
        let range = SourceRange(file: number, start: open, end: at + 2)
        if words.isEmpty {
          diagnostics.append(Diagnostic(.emptyHole, at: range))
        } else {
          flush()
          result.parts.append(.hole(TemplateSyntax.Hole(range: range, words: words)))
        }
        return at + 2
      } else if bytes[at] == Byte.quote {
        var end = at + 1
        while end < limit, bytes[end] != Byte.quote, bytes[end] != Byte.newline { end += 1 }
        guard end < limit, bytes[end] == Byte.quote else {
          diagnostics.append(Diagnostic(.unclosedQuote, at: SourceRange(file: number, start: at, end: at + 1)))
          return end
        }
        words.append(word(at + 1..<end, quoted: at..<end + 1))
        at = end + 1
      } else {
        var end = at + 1
        while end < limit, !Byte.isBlank(bytes[end]), bytes[end] != Byte.newline, bytes[end] != Byte.carriageReturn,
          bytes[end] != Byte.quote, !isClose(end, limit)
        {
          end += 1
        }
        words.append(word(at..<end, quoted: at..<end))
        at = end
      }
    }
    diagnostics.append(Diagnostic(.unclosedHole, at: SourceRange(file: number, start: open, end: open + 2)))
    return at
  }

  private func isClose(_ at: Int, _ limit: Int) -> Bool {
    at + 1 < limit && source.bytes[at] == Byte.closeBrace && source.bytes[at + 1] == Byte.closeBrace
  }

  private func word(_ range: Range<Int>, quoted: Range<Int>) -> TemplateSyntax.Word {
    TemplateSyntax.Word(
      text: source.text(range),
      range: SourceRange(file: number, start: quoted.lowerBound, end: quoted.upperBound))
  }
}

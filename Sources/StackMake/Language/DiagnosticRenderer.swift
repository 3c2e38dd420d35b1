/// Draws diagnostics: the message, the place, the line with carets below it, and notes.
package struct DiagnosticRenderer: Sendable {
  private let sources: SourceMap
  /// Columns of source that are shown; longer lines are cut around the place.
  private let widest = 160

  package init(sources: SourceMap) {
    self.sources = sources
  }

  /// All of them, an empty line between two; ends with a newline where there are any.
  package func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map(render).joined(separator: "\n")
  }

  /// Text of whole lines.
  package func render(_ diagnostic: Diagnostic) -> String {
    var text = "error: \(Self.shown(diagnostic.message))\n"
    if let range = diagnostic.range { text += excerpt(range, closed: !diagnostic.notes.isEmpty) }
    for note in diagnostic.notes {
      text += "note: \(Self.shown(note.text))\n"
      if let range = note.range { text += excerpt(range, closed: false) }
    }
    return text
  }

  private func excerpt(_ range: SourceRange, closed: Bool) -> String {
    let file = sources[range.file]
    let location = file.location(at: Int(range.start))
    let number = String(location.line)
    let margin = String(repeating: " ", count: number.count)
    let (line, carets) = picture(file, range, line: location.line - 1)
    var text = "\(margin)——▶ \(Self.shown(location.description))\n\(margin) │\n"
    text += line.isEmpty ? "\(number) │\n" : "\(number) │ \(line)\n"
    text += "\(margin) │ \(carets)\n"
    return closed ? text + "\(margin) │\n" : text
  }

  /// The line as a terminal can show it, and the carets below its part of the range.
  private func picture(_ file: SourceFile, _ range: SourceRange, line number: Int) -> (String, String) {
    let bounds = file.lineCount > 0 ? file.line(number) : 0..<0
    let start = min(max(Int(range.start), bounds.lowerBound), bounds.upperBound)
    let end = min(max(Int(range.end), start), bounds.upperBound)
    var before = Self.cells(file.text(bounds.lowerBound..<start), from: 0)
    var marked = Self.cells(file.text(start..<end), from: before.width)
    var after = Self.cells(file.text(end..<bounds.upperBound), from: before.width + marked.width)
    if before.width + marked.width + after.width > widest {
      before.keepLast(widest / 2)
      marked.keepFirst(widest - before.width)
      let room = widest - before.width - marked.width
      if room > 0 { after.keepFirst(room) } else { after = Cells() }
    }
    let carets = String(repeating: " ", count: before.width) + String(repeating: "^", count: max(marked.width, 1))
    var line = before.text + marked.text + after.text
    while line.last == " " { line.removeLast() }
    return (line, carets)
  }

  /// Characters with the columns that each takes.
  private struct Cells {
    var cells: [(text: String, width: Int)] = []
    var width = 0
    var text: String { cells.lazy.map(\.text).joined() }

    mutating func append(_ text: String, _ columns: Int) {
      cells.append((text, columns))
      width += columns
    }

    mutating func keepLast(_ limit: Int) {
      guard width > limit else { return }
      var kept = Cells()
      for cell in cells.reversed() where kept.width + cell.width < limit {
        kept.append(cell.text, cell.width)
        if kept.width >= limit - 1 { break }
      }
      cells = [("…", 1)] + kept.cells.reversed()
      width = kept.width + 1
    }

    mutating func keepFirst(_ limit: Int) {
      guard width > limit else { return }
      var kept = Cells()
      for cell in cells {
        guard kept.width + cell.width < limit else { break }
        kept.append(cell.text, cell.width)
      }
      kept.append("…", 1)
      self = kept
    }
  }

  private static func cells(_ text: String, from column: Int) -> Cells {
    var result = Cells()
    for character in text {
      if character == "\t" {
        let width = 8 - (column + result.width) % 8
        result.append(String(repeating: " ", count: width), width)
      } else {
        let visible = shown(character)
        result.append(visible, DisplayWidth.columns(of: visible))
      }
    }
    return result
  }

  /// Control characters as pictures: a Stackfile can't send escape sequences to the terminal.
  private static func shown(_ character: Character) -> String {
    let scalars = character.unicodeScalars
    guard scalars.contains(where: { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }) else {
      return String(character)
    }
    return String(
      scalars.map { scalar in
        switch scalar.value {
        case 0..<0x20: Character(Unicode.Scalar(0x2400 + scalar.value)!)
        case 0x7F: "\u{2421}"
        case 0x80..<0xA0: "\u{FFFD}"
        default: Character(scalar)
        }
      })
  }

  private static func shown(_ text: String) -> String { text.map { shown($0) }.joined() }
}

/// Text as a terminal shows it: how many columns it takes, and cut to a width.
package enum DisplayText {
  /// Columns of a character: 2 for wide ones (East Asian, emoji), 0 for what only changes the one before.
  static func width(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x20...0x7e: return character.unicodeScalars.count > 1 && character.unicodeScalars.contains("\u{fe0f}") ? 2 : 1
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
      return 2
    default:
      switch scalar.properties.generalCategory {
      case .nonspacingMark, .enclosingMark, .format, .control: return 0
      default: return 1
      }
    }
  }

  package static func width(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + width($1) } }

  /// At most `width` columns, with `…` where something was cut.
  package static func cut(_ text: String, to width: Int) -> String {
    if self.width(text) <= width { return text }
    guard width > 0 else { return "" }
    var result = ""
    var used = 0
    for character in text {
      used += self.width(character)
      if used > width - 1 { break }
      result.append(character)
    }
    return result + "…"
  }

  /// In lines of at most `width` columns, broken at a blank where there is one; one empty line for empty text.
  package static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for character in text {
      if self.width(line) + self.width(character) > width, !line.isEmpty {
        var next = ""
        if character != " ", let blank = line.lastIndex(of: " "), line[..<blank].contains(where: { $0 != " " }) {
          next = String(line[line.index(after: blank)...])
          line = String(line[..<blank])
        }
        lines.append(line)
        line = next
        if character == " " { continue }
      }
      line.append(character)
    }
    return lines + [line]
  }

  package static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - self.width(text)))
  }

  /// Without escape sequences and control characters, which could move the cursor or worse; a tab is a space.
  package static func clean(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == 0xc2 }) else { return text }
    var result = String.UnicodeScalarView()
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      switch scalar {
      case "\u{1b}": skipSequence(&scalars)
      case "\t": result.append(" ")
      case _ where scalar.properties.generalCategory == .control: break
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// After ESC: `[ … letter`, `] … BEL` or `] … ESC \`, or one more character.
  private static func skipSequence(_ scalars: inout String.UnicodeScalarView.Iterator) {
    switch scalars.next() {
    case "[":
      while let next = scalars.next(), !(0x40...0x7e).contains(next.value) {}
    case "]", "P", "_", "^":
      while let next = scalars.next(), next != "\u{7}" {
        if next == "\u{1b}" {
          _ = scalars.next()
          return
        }
      }
    default: break
    }
  }
}

/// What a terminal shows after what was written to it: lines, and those that scrolled out of it. It knows what stackmake writes:
/// carriage return, line feed, cursor up, erase below and to the end of the line; colors and the cursor's look change no text.
package struct Screen: Sendable {
  package let width: Int
  package let height: Int
  /// All lines since the beginning; the terminal shows the last `height`.
  private var lines: [[Character]] = [[]]
  private var row = 0
  private var column = 0
  /// Bytes of a character or an escape sequence that isn't whole yet.
  private var pending: [UInt8] = []

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package mutating func write(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    while let next = pending.first {
      if next == 0x1b {
        guard pending.count > 1 else { return }
        guard pending[1] == 0x5b, let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7e).contains($0) })
        else {
          if pending[1] == 0x5b { return }
          pending.removeFirst(2)
          continue
        }
        sequence(String(decoding: pending[2..<end], as: UTF8.self), pending[end])
        pending.removeFirst(end + 1)
        continue
      }
      let length = next < 0x80 ? 1 : next < 0xe0 ? 2 : next < 0xf0 ? 3 : 4
      guard pending.count >= length else { return }
      put(String(decoding: pending.prefix(length), as: UTF8.self).first ?? " ")
      pending.removeFirst(length)
    }
  }

  /// What it shows, without the spaces at the ends of lines and without empty lines at the end.
  package var text: String {
    var shown = lines.suffix(height).map { line in
      String(String(line).reversed().drop { $0 == " " }.reversed())
    }
    while shown.last == "" { shown.removeLast() }
    return shown.joined(separator: "\n") + "\n"
  }

  private mutating func put(_ character: Character) {
    switch character {
    case "\r": column = 0
    case "\n", "\r\n":
      if character == "\r\n" { column = 0 }
      down()
    default:
      if column == width {
        column = 0
        down()
      }
      while lines[row].count <= column { lines[row].append(" ") }
      lines[row][column] = character
      column += 1
    }
  }

  private mutating func down() {
    row += 1
    if row == lines.count { lines.append([]) }
  }

  private mutating func sequence(_ parameters: String, _ final: UInt8) {
    switch final {
    case UInt8(ascii: "A"): row = max(max(0, lines.count - height), row - (Int(parameters) ?? 1))
    case UInt8(ascii: "J"):
      lines[row].removeSubrange(min(column, lines[row].count)...)
      lines.removeSubrange((row + 1)...)
    case UInt8(ascii: "K"): lines[row].removeSubrange(min(column, lines[row].count)...)
    default: break
    }
  }
}

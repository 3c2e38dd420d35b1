/// The last lines of a terminal, drawn over again and again.
///
/// Each line is written over the old one and only then cleared to its end: nothing is ever blank in between. A value: what
/// takes the terminal from one frame to the next is text.
package struct ScreenRegion: Sendable {
  private var drawn: [String] = []

  package init() {}

  /// What draws `lines` where the last ones were; "" where nothing changed. Lines are cut to the width, since a terminal
  /// wraps what is longer.
  package mutating func change(to lines: [String], width: Int) -> String {
    let lines = lines.map { DisplayText.cut(DisplayText.clean($0), to: max(1, width - 1)) }
    if lines == drawn { return "" }
    // Lines that were wider than the terminal is now have been wrapped by it.
    let rows = drawn.reduce(0) { $0 + max(1, (DisplayText.width($1) + width - 1) / max(1, width)) }
    drawn = lines
    let back = rows > 0 ? "\r\u{1b}[\(rows)A" : ""
    return back + lines.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
  }
}

/// Which lines of a list fit on a screen. Pure.
package enum ScreenFit {
  /// At most `height` lines: all, or those that say most, in their order, and how many were left out.
  ///
  /// - Parameter lines: each with whether it says little, and may go first.
  package static func lines(_ lines: [(text: String, saysLittle: Bool)], height: Int) -> [String] {
    guard lines.count > height, height > 0 else { return lines.map(\.text) }
    var spare = lines.count - (height - 1)
    let left = spare
    var kept: [String] = []
    // From the end: what is built last is what one waits for least.
    var dropped = Set<Int>()
    for index in lines.indices.reversed() where spare > 0 && lines[index].saysLittle {
      dropped.insert(index)
      spare -= 1
    }
    for index in lines.indices.reversed() where spare > 0 && !dropped.contains(index) {
      dropped.insert(index)
      spare -= 1
    }
    for index in lines.indices where !dropped.contains(index) { kept.append(lines[index].text) }
    return kept + ["and \(left) more"]
  }
}

/// Globs: `*` and `?` match anything but `/`, `[a-z]` and `[!a-z]` one of a set.
package enum Glob {
  static func isGlob(_ text: some Sequence<UInt8>) -> Bool {
    text.contains { $0 == Byte.star || $0 == Byte.question || $0 == Byte.openBracket }
  }

  package static func matches(_ glob: String, _ text: String) -> Bool {
    var glob = glob
    var text = text
    return glob.withUTF8 { glob in text.withUTF8 { matches(glob, $0) } }
  }

  /// Never goes back further than to the last `*`: the product of the lengths at most.
  static func matches(_ glob: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var g = 0
    var t = 0
    var star: (glob: Int, text: Int)?
    while t < text.count {
      if g < glob.count, glob[g] == Byte.star {
        star = (g, t)
        g += 1
        continue
      }
      if g < glob.count, let next = matchOne(glob, g, text, t) {
        (g, t) = next
        continue
      }
      guard let last = star, text[last.text] != Byte.slash else { return false }
      star = (last.glob, last.text + 1)
      g = last.glob + 1
      t = last.text + 1
    }
    while g < glob.count, glob[g] == Byte.star { g += 1 }
    return g == glob.count
  }

  /// Positions after one element of the glob and the character that it matched.
  private static func matchOne(
    _ glob: UnsafeBufferPointer<UInt8>, _ g: Int, _ text: UnsafeBufferPointer<UInt8>, _ t: Int
  ) -> (Int, Int)? {
    switch glob[g] {
    case Byte.question:
      if text[t] == Byte.slash { return nil }
      var end = t + 1
      while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
      return (g + 1, end)
    case Byte.openBracket:
      guard let set = set(glob, g) else { fallthrough }
      if text[t] == Byte.slash || !set.contains(text[t]) { return nil }
      return (set.end, t + 1)
    default:
      return glob[g] == text[t] ? (g + 1, t + 1) : nil
    }
  }

  private struct Set {
    var glob: UnsafeBufferPointer<UInt8>
    var members: Range<Int>
    var isNegated: Bool
    var end: Int

    func contains(_ byte: UInt8) -> Bool {
      var at = members.lowerBound
      while at < members.upperBound {
        if at + 2 < members.upperBound, glob[at + 1] == Byte.minus {
          if glob[at] <= byte, byte <= glob[at + 2] { return !isNegated }
          at += 3
        } else {
          if glob[at] == byte { return !isNegated }
          at += 1
        }
      }
      return isNegated
    }
  }

  /// The set that begins at `[`; nil where no `]` closes it: then `[` is only itself.
  private static func set(_ glob: UnsafeBufferPointer<UInt8>, _ open: Int) -> Set? {
    var start = open + 1
    var isNegated = false
    if start < glob.count, glob[start] == UInt8(ascii: "!") || glob[start] == UInt8(ascii: "^") {
      isNegated = true
      start += 1
    }
    var close = start + 1
    while close < glob.count, glob[close] != Byte.closeBracket { close += 1 }
    guard close < glob.count else { return nil }
    return Set(glob: glob, members: start..<close, isNegated: isNegated, end: close + 1)
  }
}

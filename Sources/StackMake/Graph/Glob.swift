/// `*`, `?` and `[a-z]` over one component of a path: none of them matches `/`.
package struct Glob: Hashable, Sendable {
  package let pattern: String

  package init(_ pattern: String) { self.pattern = pattern }

  /// Whether `text` has a character that makes it a glob.
  package static func isGlob(_ text: String) -> Bool {
    text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
  }

  package func matches(_ name: String) -> Bool {
    let p = Array(pattern.utf8)
    let n = Array(name.utf8)
    // The usual two pointers: on a mismatch go back to the last star and let it take one byte more.
    var i = 0
    var j = 0
    var star: (pattern: Int, name: Int)?
    while j < n.count {
      if i < p.count, p[i] == UInt8(ascii: "*") {
        star = (i, j)
        i += 1
        continue
      }
      if let next = Self.matchOne(p, i, n[j]) {
        i = next
        j += 1
        continue
      }
      guard let back = star, n[back.name] != UInt8(ascii: "/") else { return false }
      star = (back.pattern, back.name + 1)
      i = back.pattern + 1
      j = back.name + 1
    }
    while i < p.count, p[i] == UInt8(ascii: "*") { i += 1 }
    return i == p.count
  }

  /// Where the pattern goes on after the element at `i` took `byte`; nil where it doesn't take it.
  private static func matchOne(_ p: [UInt8], _ i: Int, _ byte: UInt8) -> Int? {
    guard i < p.count else { return nil }
    switch p[i] {
    case UInt8(ascii: "?"):
      return byte == UInt8(ascii: "/") ? nil : i + 1
    case UInt8(ascii: "["):
      guard let end = p[(i + 1)...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
        return p[i] == byte ? i + 1 : nil
      }
      var at = i + 1
      let isNegated = p[at] == UInt8(ascii: "!") || p[at] == UInt8(ascii: "^")
      if isNegated { at += 1 }
      var isIn = false
      while at < end {
        if at + 2 < end, p[at + 1] == UInt8(ascii: "-") {
          if p[at] <= byte && byte <= p[at + 2] { isIn = true }
          at += 3
        } else {
          if p[at] == byte { isIn = true }
          at += 1
        }
      }
      return isIn != isNegated && byte != UInt8(ascii: "/") ? end + 1 : nil
    default:
      return p[i] == byte ? i + 1 : nil
    }
  }
}

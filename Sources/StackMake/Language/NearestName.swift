/// Finds the name that was probably meant.
package struct NearestName {
  /// Comparisons left: a file full of unknown names must not take minutes.
  private var budget = 400_000

  package init() {}

  /// The nearest names, best first: within a third of the length in insertions, deletions, replacements and swaps.
  package mutating func near(_ name: String, among candidates: some Sequence<String>) -> [String] {
    let wanted = Array(name.utf8)
    guard !wanted.isEmpty, wanted.count <= 64 else { return [] }
    var best = max(1, wanted.count / 3)
    var found: String?
    for candidate in candidates {
      budget -= 1
      if budget < 0 { return [] }
      let length = candidate.utf8.count
      if abs(length - wanted.count) > best || candidate == name { continue }
      let distance = Self.distance(wanted, Array(candidate.utf8), limit: best)
      if distance < best || (distance == best && (found.map { candidate < $0 } ?? true)) {
        // A name of one letter is near to every other: that helps no one.
        if distance >= max(wanted.count, length) { continue }
        best = distance
        found = candidate
      }
    }
    return found.map { [$0] } ?? []
  }

  /// Insertions, deletions, replacements and swaps of neighbours; letters in the other case count once in all.
  static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
    if a.count == b.count, a != b, zip(a, b).allSatisfy({ $0 == $1 || ($0 | 0x20 == $1 | 0x20 && Byte.isLetter($0)) }) {
      return 1
    }
    var before = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    var row = last
    for i in a.indices {
      row[0] = i + 1
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        row[j + 1] = cost
      }
      if row.min()! > limit { return limit + 1 }
      (before, last, row) = (last, row, before)
    }
    return last[b.count]
  }
}

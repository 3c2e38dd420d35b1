/// The difference of two lists of lines, as short as can be (Myers, "An O(ND) Difference Algorithm", 1986).
///
/// Two lists that differ in very many lines are taken to have none in common between their common beginning and end:
/// the way is quadratic in what differs.
struct LineDiff {
  enum Change: Hashable, Sendable {
    /// Indexes in the old and in the new list.
    case same(Int, Int)
    case removed(Int)
    case added(Int)
  }

  static let mostDifferences = 1000

  /// Removals before additions, in the order of the lines.
  static func changes<Line: Equatable>(from old: [Line], to new: [Line], limit: Int = mostDifferences) -> [Change] {
    let head = zip(old, new).prefix { $0 == $1 }.count
    let most = min(old.count, new.count) - head
    let tail = zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.prefix(most).count
    let (a, b) = (old[head..<(old.count - tail)], new[head..<(new.count - tail)])
    var changes = (0..<head).map { Change.same($0, $0) }
    changes += middle(Array(a), Array(b), limit).map { change in
      switch change {
      case .same(let i, let j): .same(i + head, j + head)
      case .removed(let i): .removed(i + head)
      case .added(let j): .added(j + head)
      }
    }
    changes += (0..<tail).map { .same(old.count - tail + $0, new.count - tail + $0) }
    return changes
  }

  private static func middle<Line: Equatable>(_ a: [Line], _ b: [Line], _ limit: Int) -> [Change] {
    let whole = a.indices.map { Change.removed($0) } + b.indices.map { .added($0) }
    guard !a.isEmpty, !b.isEmpty else { return whole }
    // ends[k]: how far along `a` one gets on diagonal k (a's index less b's) with so many differences.
    let most = min(a.count + b.count, limit)
    var ends = [Int](repeating: 0, count: 2 * most + 3)
    let zero = most + 1
    var history: [[Int]] = []
    for differences in 0...most {
      history.append(ends)
      for k in stride(from: -differences, through: differences, by: 2) {
        let isDown = k == -differences || (k != differences && ends[zero + k - 1] < ends[zero + k + 1])
        var i = isDown ? ends[zero + k + 1] : ends[zero + k - 1] + 1
        while i < a.count, i - k < b.count, i - k >= 0, a[i] == b[i - k] { i += 1 }
        ends[zero + k] = i
        if i >= a.count, i - k >= b.count { return sorted(way(back: history, zero, a.count, b.count)) }
      }
    }
    return whole
  }

  private static func way(back history: [[Int]], _ zero: Int, _ countA: Int, _ countB: Int) -> [Change] {
    var changes: [Change] = []
    var (i, j) = (countA, countB)
    for (differences, ends) in history.enumerated().reversed() {
      let k = i - j
      let isDown = k == -differences || (k != differences && ends[zero + k - 1] < ends[zero + k + 1])
      let before = isDown ? k + 1 : k - 1
      let (fromI, fromJ) = differences == 0 ? (0, 0) : (ends[zero + before], ends[zero + before] - before)
      let (startI, startJ) = differences == 0 ? (0, 0) : isDown ? (fromI, fromJ + 1) : (fromI + 1, fromJ)
      while i > startI, j > startJ {
        (i, j) = (i - 1, j - 1)
        changes.append(.same(i, j))
      }
      if differences > 0 { changes.append(isDown ? .added(fromJ) : .removed(fromI)) }
      (i, j) = (fromI, fromJ)
    }
    return changes.reversed()
  }

  /// Between two lines that stay, what was removed before what was added.
  private static func sorted(_ changes: [Change]) -> [Change] {
    var result: [Change] = []
    var added: [Change] = []
    for change in changes {
      switch change {
      case .same:
        result += added
        added = []
        result.append(change)
      case .removed: result.append(change)
      case .added: added.append(change)
      }
    }
    return result + added
  }
}

/// A difference as `diff -u` shows it, of bytes: texts that only look the same differ.
package enum UnifiedDiff {
  /// Lines without their ends; none where the texts are the same.
  ///
  /// - Parameter most: of lines; what comes then is only counted.
  package static func lines(
    from old: String, to new: String, oldName: String, newName: String, context: Int = 3, most: Int = 400
  ) -> [String] {
    guard !old.utf8.elementsEqual(new.utf8) else { return [] }
    let (a, b) = (split(old), split(new))
    let changes = LineDiff.changes(from: a.map { Array($0.utf8) }, to: b.map { Array($0.utf8) })
    var lines = ["--- \(oldName)", "+++ \(newName)"]
    for hunk in hunks(changes, context) {
      let part = changes[hunk]
      let (before, after) = position(of: hunk.lowerBound, in: changes)
      let (removed, added) = part.reduce((0, 0)) { sum, change in
        switch change {
        case .same: (sum.0 + 1, sum.1 + 1)
        case .removed: (sum.0 + 1, sum.1)
        case .added: (sum.0, sum.1 + 1)
        }
      }
      lines.append("@@ -\(range(before, removed)) +\(range(after, added)) @@")
      for change in part {
        switch change {
        case .same(let i, _): lines += line(" ", a[i])
        case .removed(let i): lines += line("-", a[i])
        case .added(let j): lines += line("+", b[j])
        }
      }
    }
    guard lines.count > most else { return lines }
    return Array(lines.prefix(most)) + ["… \(lines.count - most) more lines"]
  }

  /// Where the first byte is that differs: its number from 0, and its line and column from 1.
  package static func firstDifference(_ old: String, _ new: String) -> (byte: Int, line: Int, column: Int)? {
    guard !old.utf8.elementsEqual(new.utf8) else { return nil }
    let same = Array(zip(old.utf8, new.utf8).prefix { $0 == $1 }.map(\.0))
    let line = same.count { $0 == 10 }
    let start = same.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return (same.count, line + 1, same.count - start + 1)
  }

  /// Each line with its end, so that a last line without one differs from one with it.
  private static func split(_ text: String) -> [Substring] {
    var lines: [Substring] = []
    var start = text.utf8.startIndex
    while start < text.utf8.endIndex {
      let end = text.utf8[start...].firstIndex(of: 10).map { text.utf8.index(after: $0) } ?? text.utf8.endIndex
      lines.append(text[start..<end])
      start = end
    }
    return lines
  }

  private static func line(_ mark: String, _ line: Substring) -> [String] {
    let hasEnd = line.utf8.last == 10
    let text = hasEnd ? String(decoding: line.utf8.dropLast(), as: UTF8.self) : String(line)
    return hasEnd ? [mark + text] : [mark + text, "\\ No newline at end of file"]
  }

  /// Ranges of changes: what differs with `context` lines about it, joined where they meet.
  private static func hunks(_ changes: [LineDiff.Change], _ context: Int) -> [Range<Int>] {
    var hunks: [Range<Int>] = []
    for (number, change) in changes.enumerated() {
      if case .same = change { continue }
      let range = max(0, number - context)..<min(changes.count, number + context + 1)
      if let last = hunks.last, last.upperBound >= range.lowerBound {
        hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
      } else {
        hunks.append(range)
      }
    }
    return hunks
  }

  /// How many lines of the old and of the new text come before a change.
  private static func position(of number: Int, in changes: [LineDiff.Change]) -> (Int, Int) {
    changes[..<number].reduce((0, 0)) { sum, change in
      switch change {
      case .same: (sum.0 + 1, sum.1 + 1)
      case .removed: (sum.0 + 1, sum.1)
      case .added: (sum.0, sum.1 + 1)
      }
    }
  }

  /// As POSIX says: an empty range is told by the line before it, a range of one without its count.
  private static func range(_ before: Int, _ count: Int) -> String {
    switch count {
    case 0: "\(before),0"
    case 1: "\(before + 1)"
    default: "\(before + 1),\(count)"
    }
  }
}

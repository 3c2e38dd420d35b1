import Support
import Testing

@testable import StackMake

@Suite struct LineDiffTests {
  @Test(arguments: [
    ("", "", ""), ("a", "a", " a"), ("", "ab", "+a+b"), ("ab", "", "-a-b"), ("abc", "axc", " a-b+x c"),
    ("abcabba", "cbabac", "-a-b c+b a b-b a+c"), ("aab", "ab", " a-a b"), ("ab", "aab", " a+a b"),
  ])
  func changes(old: String, new: String, expected: String) {
    let (a, b) = (Array(old), Array(new))
    let text = LineDiff.changes(from: a, to: b).map { change in
      switch change {
      case .same(let i, _): " \(a[i])"
      case .removed(let i): "-\(a[i])"
      case .added(let j): "+\(b[j])"
      }
    }.joined()
    #expect(text == expected)
  }

  /// Whatever the lists, the changes lead from one to the other, and no shorter way does.
  @Test(arguments: 1...40) func isRightAndShortest(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let old = (0..<Int.random(in: 0...30, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
    let new = (0..<Int.random(in: 0...30, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
    let changes = LineDiff.changes(from: old, to: new)
    var (before, after): ([Int], [Int]) = ([], [])
    var differences = 0
    for change in changes {
      switch change {
      case .same(let i, let j):
        #expect(old[i] == new[j])
        before.append(i)
        after.append(j)
      case .removed(let i):
        before.append(i)
        differences += 1
      case .added(let j):
        after.append(j)
        differences += 1
      }
    }
    #expect(before == Array(old.indices) && after == Array(new.indices))
    #expect(differences == old.count + new.count - 2 * Self.longestCommon(old, new))
    let limited = LineDiff.changes(from: old, to: new, limit: 2)
    #expect(limited.count { if case .added = $0 { false } else { true } } == old.count)
  }

  private static func longestCommon(_ a: [Int], _ b: [Int]) -> Int {
    var row = [Int](repeating: 0, count: b.count + 1)
    for x in a {
      var next = row
      for (j, y) in b.enumerated() { next[j + 1] = x == y ? row[j] + 1 : max(row[j + 1], next[j]) }
      row = next
    }
    return row[b.count]
  }

  @Test(arguments: [
    ("a\n", "a\n", ""),
    ("a\nb\n", "a\nc\n", "--- o\n+++ n\n@@ -1,2 +1,2 @@\n a\n-b\n+c"),
    ("a\n", "a", "--- o\n+++ n\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file"),
    ("", "x\n", "--- o\n+++ n\n@@ -0,0 +1 @@\n+x"),
    ("x\r\n", "x\n", "--- o\n+++ n\n@@ -1 +1 @@\n-x\r\n+x"),
    (
      "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\nX\n3\n4\n5\n6\n7\n8\nY\n",
      "--- o\n+++ n\n@@ -1,9 +1,9 @@\n 1\n-2\n+X\n 3\n 4\n 5\n 6\n 7\n 8\n-9\n+Y"
    ),
    (
      "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "X\n2\n3\n4\n5\n6\n7\n8\nY\n",
      "--- o\n+++ n\n@@ -1,4 +1,4 @@\n-1\n+X\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+Y"
    ),
  ])
  func unified(old: String, new: String, expected: String) {
    let lines = UnifiedDiff.lines(from: old, to: new, oldName: "o", newName: "n")
    #expect(lines.joined(separator: "\n") == expected)
  }

  @Test func aLongDiffIsCut() {
    let lines = UnifiedDiff.lines(
      from: "", to: String(repeating: "x\n", count: 50), oldName: "o", newName: "n", most: 10)
    #expect(lines.count == 11)
    #expect(lines.last == "… 43 more lines")
  }

  @Test(arguments: [("ab\ncd\n", "ab\ncx\n", 4, 2, 2), ("", "x", 0, 1, 1), ("ab", "ab\n", 2, 1, 3)])
  func firstDifference(old: String, new: String, byte: Int, line: Int, column: Int) {
    let found = UnifiedDiff.firstDifference(old, new)
    #expect(found?.byte == byte && found?.line == line && found?.column == column)
  }
}

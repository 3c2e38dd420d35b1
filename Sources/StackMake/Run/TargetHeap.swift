/// Targets that wait for their turn: the one with the longest way behind it first, and of equals the lowest number.
struct TargetHeap: Sendable {
  private var entries: [(priority: Double, target: TargetID)] = []

  /// The next one; nil where none waits.
  var first: (priority: Double, target: TargetID)? { entries.first }
  var isEmpty: Bool { entries.isEmpty }

  static func isBefore(_ a: (priority: Double, target: TargetID), _ b: (priority: Double, target: TargetID)) -> Bool {
    a.priority != b.priority ? a.priority > b.priority : a.target < b.target
  }

  mutating func insert(_ target: TargetID, priority: Double) {
    let entry = (priority, target)
    entries.append(entry)
    var at = entries.count - 1
    while at > 0 {
      let parent = (at - 1) / 2
      guard Self.isBefore(entry, entries[parent]) else { break }
      entries[at] = entries[parent]
      at = parent
    }
    entries[at] = entry
  }

  mutating func removeFirst() -> TargetID? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    if entries.isEmpty { return first.target }
    var at = 0
    while true {
      var child = 2 * at + 1
      if child >= entries.count { break }
      if child + 1 < entries.count, Self.isBefore(entries[child + 1], entries[child]) { child += 1 }
      guard Self.isBefore(entries[child], last) else { break }
      entries[at] = entries[child]
      at = child
    }
    entries[at] = last
    return first.target
  }
}

/// The turns of a run that set its length: each began when the one before it had ended.
package enum CriticalPath {
  /// From the first to the one that ended last; empty where nothing ran.
  ///
  /// - Parameter dependencies: of a target, by name.
  package static func targets(of turns: [Turn], dependencies: (String) -> [String]) -> [String] {
    let ran = turns.filter { $0.seconds > 0 }
    let byName = Dictionary(ran.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
    func later(_ a: Turn, _ b: Turn) -> Bool { (a.endedAt, b.target) < (b.endedAt, a.target) }
    guard var turn = ran.max(by: later) else { return [] }
    var path = [turn.target]
    while let before = dependencies(turn.target).compactMap({ byName[$0] }).max(by: later),
      !path.contains(before.target)
    {
      path.append(before.target)
      turn = before
    }
    return path.reversed()
  }
}

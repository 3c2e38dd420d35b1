/// Targets that words of the command line stand for.
package struct Goals: Sendable {
  /// Each once, in the order of the words; of a glob in the order of the graph.
  package var targets: [TargetID]
  /// Words that stand for nothing.
  package var problems: [Diagnostic]
}

extension Graph {
  /// - Parameter patterns: names and globs of targets. None of them, or an undeclared `all`, is everything;
  ///   where the Stackfile declares `all`, none of them is that.
  package func goals(_ patterns: [String]) -> Goals {
    if patterns.isEmpty, declaresAll, let all = target(named: "all") { return Goals(targets: [all], problems: []) }
    var goals = Goals(targets: [], problems: [])
    var isWanted = [Bool](repeating: false, count: count)
    func want(_ target: TargetID) {
      guard !isWanted[Int(target.index)] else { return }
      isWanted[Int(target.index)] = true
      goals.targets.append(target)
    }
    if patterns.isEmpty { together.forEach(want) }
    var nearest = NearestName()
    for pattern in patterns {
      if let target = target(named: pattern) {
        want(target)
      } else if pattern == "all" {
        together.forEach(want)
      } else if Glob.isGlob(pattern.utf8) {
        let found = matching(pattern)
        found.forEach(want)
        if found.isEmpty { goals.problems.append(Diagnostic(.matchesNothing(pattern, near: []))) }
      } else {
        goals.problems.append(Diagnostic(.unknownGoal(pattern, near: near(pattern, &nearest))))
      }
    }
    return goals
  }

  /// All but those that must be named.
  private var together: some Sequence<TargetID> { targets.lazy.filter { !isApart($0) } }

  private func matching(_ glob: String) -> [TargetID] {
    var glob = glob
    return glob.withUTF8 { glob in
      together.filter { target in names.withBytes(Int(target.index)) { Glob.matches(glob, $0) } }
    }
  }

  /// Targets whose last component was given alone, else the nearest name.
  private func near(_ name: String, _ nearest: inout NearestName) -> [String] {
    let tail = Array("/\(name)".utf8)
    let found = targets.lazy.filter { target in
      names.withBytes(Int(target.index)) { $0.count > tail.count && $0.suffix(tail.count).elementsEqual(tail) }
    }
    let suggestions = found.prefix(3).map { self.name($0) }
    return suggestions.isEmpty
      ? nearest.near(name, among: targets.lazy.map { self.name($0) }) : Array(suggestions)
  }
}

/// Which steps of a recipe are to be run, and whether a `once` step forbids it. Pure.
package enum RecipeDecision {
  package static func decide(_ situation: Situation) -> Decision {
    decide(situation, generations: generations(of: situation, in: situation.manifest.entries))
  }

  /// - Parameter generations: for each step, the generation of the places where it would run now.
  package static func decide(_ situation: Situation, generations: [String]) -> Decision {
    let history = history(of: situation)
    let recipe = situation.graph.recipe(situation.target)
    let wanted = situation.manifest.steps
    func isDone(_ i: Int) -> Bool {
      guard let record = history[i] else { return false }
      return record.state == .done && record.fingerprint == wanted[i] && record.generation == generations[i]
    }
    func hasStarted(_ i: Int) -> Bool {
      recipe[i].isOnce && history[i].map { $0.generation == generations[i] } == true
    }
    var first = recipe.indices.first { !isDone($0) } ?? recipe.count
    let isUnfinished = !situation.progress.isEmpty
    if situation.isForced || (first == recipe.count && situation.trace != nil && !isUnfinished) {
      // Nothing of the recipe changed, and still it is to run: all that may.
      first = recipe.indices.last { hasStarted($0) }.map { min(first, $0 + 1) } ?? 0
    }
    for i in first..<recipe.count where hasStarted(i) {
      let record = history[i]!
      // Not known to have ended: the place knows, and the run attaches to it. This machine keeps nothing.
      if i == first, record.state == .started, record.fingerprint == wanted[i], !generations[i].isEmpty { continue }
      return .locked(lock(situation, step: i, record: record, wanted: wanted[i]))
    }
    return .run((first..<recipe.count).map { .step($0) })
  }

  /// The first step that an unfinished build left undone.
  package static func unfinishedStep(_ progress: [StepRecord]) -> Int? {
    guard !progress.isEmpty else { return nil }
    return progress.filter { $0.state != .done }.map(\.number).min() ?? progress.map(\.number).max()! + 1
  }

  /// What is known of each step: of the last build that succeeded, and over it of one that didn't end.
  static func history(of situation: Situation) -> [Int: StepRecord] {
    var history: [Int: StepRecord] = [:]
    if let trace = situation.trace {
      let recorded = Manifest(entries: trace.manifest)
      let then = generations(of: situation, in: trace.manifest)
      for (i, fingerprint) in recorded.steps.enumerated() where i < then.count {
        history[i] = StepRecord(
          number: i, fingerprint: fingerprint, state: .done, isOnce: false, generation: then[i], at: trace.builtAt)
      }
    }
    for record in situation.progress { history[record.number] = record }
    return history
  }

  /// For each step of the recipe the generations of its places, as a manifest tells them.
  package static func generations(of situation: Situation, in entries: [ManifestEntry]) -> [String] {
    let graph = situation.graph
    var known: [String: String] = [:]
    for entry in entries where entry.key.hasSuffix(" generation") { known[entry.key] = entry.value }
    return graph.recipe(situation.target).map { step in
      let names = places(of: step, target: situation.target, in: graph).map { graph[$0].name }
      return names.map { known[ManifestWalk.outputKey(graph.placePrefix + $0, "generation")] ?? "" }
        .joined(separator: ",")
    }
  }

  /// Where a step runs; empty is this machine.
  package static func places(of step: Step, target: TargetID, in graph: Graph) -> [PlaceID] {
    switch step.site {
    case .here: []
    case .home: graph.place(target).map { [$0] } ?? []
    case .places(let places): places
    }
  }

  private static func lock(
    _ situation: Situation, step: Int, record: StepRecord, wanted: Fingerprint
  ) -> StepError {
    let cause: String
    switch record.state {
    case .failed: cause = "step \(step + 1) must run only once, and failed"
    case .started where record.fingerprint == wanted:
      cause = "step \(step + 1) must run only once, and was cut off"
    case .started: cause = "step \(step + 1) must run only once, has started, and changed since"
    case .done:
      cause =
        record.fingerprint == wanted
        ? "step \(step + 1) must run only once, and what comes before it changed since it ran"
        : "step \(step + 1) must run only once, and it or what it depends on changed since it ran"
    }
    return StepError(
      .locked, operation: "build", subject: situation.name, cause: cause,
      hint: "`stackmake clean \(situation.name)` gives it a fresh start")
  }
}

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
      guard let record = history[i]?.record else { return false }
      return record.state == .done && record.fingerprint == wanted[i] && record.generation == generations[i]
    }
    // By what they were when they ran: one that moved, or is `once` no more, has started all the same.
    let started = history.values.filter { $0.record.isOnce && isCurrent($0.record, situation, generations) }
      .sorted { $0.record.number < $1.record.number }
    var first = recipe.indices.first { !isDone($0) } ?? recipe.count
    let isUnfinished = !situation.progress.isEmpty
    if situation.isForced || (first == recipe.count && situation.trace != nil && !isUnfinished) {
      // Nothing of the recipe changed, and still it is to run: all that may.
      first = started.last.map { min(first, $0.record.number + 1) } ?? 0
    }
    for past in started where past.record.number >= first {
      let record = past.record
      // Not known to have ended: the place knows, and the run attaches to it. This machine keeps nothing.
      if record.number == first, record.state == .started, first < recipe.count, record.fingerprint == wanted[first],
        record.generation == generations[first], !record.generation.isEmpty
      {
        continue
      }
      return .locked(lock(situation, past))
    }
    return .run((first..<recipe.count).map { .step($0) })
  }

  /// The step, from 0, that a forced run begins with where a once step before it has run; nil where all of it runs.
  static func forcedStart(_ situation: Situation, _ decision: Decision) -> Int? {
    guard case .run(let actions) = decision else { return nil }
    let recipe = situation.graph.recipe(situation.target)
    guard actions.allSatisfy({ if case .step = $0 { true } else { false } }) else { return nil }
    let first = decision.firstStep ?? recipe.count
    return recipe[..<first].contains(where: \.isOnce) ? first : nil
  }

  /// The first step that an unfinished build left undone.
  package static func unfinishedStep(_ progress: [StepRecord]) -> Int? {
    guard !progress.isEmpty else { return nil }
    return progress.filter { $0.state != .done }.map(\.number).min() ?? progress.map(\.number).max()! + 1
  }

  /// A step of an earlier build.
  struct Past {
    var record: StepRecord
    /// As the manifest had it; nil where the build didn't end.
    var text: String?
  }

  /// What is known of each step: of the last build that succeeded, and over it of one that didn't end.
  static func history(of situation: Situation) -> [Int: Past] {
    var history: [Int: Past] = [:]
    if let trace = situation.trace {
      let recorded = Manifest(entries: trace.manifest)
      let texts = trace.manifest.filter(\.isStep).map(\.value)
      let wanted = Set(situation.manifest.entries.filter(\.isStep).map(\.value))
      // A build that started anew at a step leaves nothing done of those after it.
      let unfinished = situation.progress.map(\.number).min() ?? .max
      for (i, fingerprint) in recorded.steps.enumerated() {
        // What is `once` only now, and ran before, has had its time, too.
        let isOnce = texts[i].hasPrefix("once ") || wanted.contains("once \(texts[i])")
        guard isOnce || i < unfinished else { continue }
        let record = StepRecord(
          number: i, fingerprint: fingerprint, state: .done, isOnce: isOnce,
          generation: generation(of: texts[i], in: trace, situation), at: trace.builtAt)
        history[i] = Past(record: record, text: texts[i])
      }
    }
    for record in situation.progress { history[record.number] = Past(record: record) }
    return history
  }

  /// For each step of the recipe the generations of its places, as a manifest tells them.
  package static func generations(of situation: Situation, in entries: [ManifestEntry]) -> [String] {
    let graph = situation.graph
    return graph.recipe(situation.target).map { step in
      places(of: step, target: situation.target, in: graph)
        .map { generation(of: graph[$0].name, in: entries, graph) ?? "" }.joined(separator: ",")
    }
  }

  /// The generation of a place, as a manifest tells it.
  private static func generation(of place: String, in entries: [ManifestEntry], _ graph: Graph) -> String? {
    let key = ManifestWalk.outputKey(graph.placePrefix + place, "generation")
    return entries.first { $0.key == key }?.value
  }

  /// The generations of the places where a step of an earlier recipe ran: its text begins with its site.
  private static func generation(of text: String, in trace: Trace, _ situation: Situation) -> String {
    let graph = situation.graph
    let text = text.hasPrefix("once ") ? text.dropFirst("once ".count) : Substring(text)
    let places: [String]
    if text.hasPrefix("local ") {
      places = []
    } else if text.hasPrefix("on "), let end = text.firstIndex(of: ":") {
      places = text[..<end].dropFirst("on ".count).split(separator: " ").map(String.init)
    } else {
      places = graph.place(situation.target).map { [graph[$0].name] } ?? []
    }
    return places.map { place in
      // A place's own target has its generation among its outputs, not among what went in.
      let own = graph.placePrefix + place == situation.name ? trace.outputs["generation"] : nil
      return own ?? generation(of: place, in: trace.manifest, graph) ?? ""
    }.joined(separator: ",")
  }

  /// Whether a place where the step ran is still the same: this machine always is.
  private static func isCurrent(_ record: StepRecord, _ situation: Situation, _ generations: [String]) -> Bool {
    if record.generation.isEmpty { return true }
    let then = record.generation.split(separator: ",")
    let now = generations.indices.contains(record.number) ? generations[record.number].split(separator: ",") : []
    if now.count == then.count { return zip(then, now).contains { $0 == $1 } }
    var known = Set(generations.flatMap { $0.split(separator: ",") })
    for place in situation.graph.places {
      if let value = generation(of: place.name, in: situation.manifest.entries, situation.graph) {
        known.insert(value[...])
      }
    }
    if let own = situation.observation?.values["generation"] { known.insert(own[...]) }
    return then.contains { known.contains($0) }
  }

  /// Where a step runs; empty is this machine.
  package static func places(of step: Step, target: TargetID, in graph: Graph) -> [PlaceID] {
    switch step.site {
    case .here: []
    case .home: graph.place(target).map { [$0] } ?? []
    case .places(let places): places
    }
  }

  private static func lock(_ situation: Situation, _ past: Past) -> StepError {
    let record = past.record
    let wanted = situation.manifest.steps
    let texts = situation.manifest.entries.filter(\.isStep).map(\.value)
    let isSame = wanted.indices.contains(record.number) && wanted[record.number] == record.fingerprint
    // Where it stands now, if it only moved.
    let moved =
      isSame ? nil : past.text.flatMap { text in texts.firstIndex(of: text) }.flatMap { $0 == record.number ? nil : $0 }
    let step = "step \((moved ?? record.number) + 1) must run only once"
    let cause: String
    switch record.state {
    case .failed: cause = "\(step), and failed"
    case .started: cause = isSame ? "\(step), and was cut off" : "\(step), has started, and changed since"
    case .done:
      cause =
        isSame || moved != nil
        ? "\(step), and what comes before it changed since it ran"
        : "\(step), and it or what it depends on changed since it ran"
    }
    return StepError(
      .locked, operation: "build", subject: situation.name, cause: cause,
      hint: "`stackmake clean \(situation.name)` gives it a fresh start")
  }
}

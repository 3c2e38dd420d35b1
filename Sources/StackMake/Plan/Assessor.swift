/// Everything that is known before a run: what was recorded, what is there, what is wanted. Says of
/// a target whether it is stale, why, and what would be done.
package struct Assessor: Sendable {
  package let graph: Graph
  package let kinds: [String: any TargetKind]
  package let walk: ManifestWalk
  package let traces: [String: Trace]
  package let failures: [String: Failure]
  /// Steps of builds that didn't end, by target.
  package let progress: [String: [StepRecord]]
  /// What the kinds saw, by target; nil where nothing was looked at.
  package let observations: Observations
  /// Targets to be treated as stale.
  package let forced: Set<TargetID>

  /// What was seen of the world.
  package struct Observations: Sendable {
    /// Targets that were looked at; what isn't in `seen` of them doesn't exist.
    var lookedAt: Set<TargetID> = []
    var seen: [TargetID: Observation] = [:]

    package init() {}
    package func observation(of target: TargetID) -> Observation? { seen[target] }
  }

  /// What is to be said of a target.
  package struct Assessment: Sendable {
    package var situation: Situation
    /// Nil: up to date.
    package var decision: Decision?
    /// The outputs that it has, or will have where that can be told.
    package var outputs: [String: String]?
  }

  /// Reads the record.
  package init(
    graph: Graph, kinds: [String: any TargetKind], files: SourceFiles, secretDigests: [String: String],
    store: any Store, observations: Observations, forced: Set<TargetID>
  ) throws(StoreError) {
    self.graph = graph
    self.kinds = kinds
    walk = ManifestWalk(graph: graph, kinds: kinds, files: files, secretDigests: secretDigests)
    traces = try store.traces()
    failures = try store.failures()
    var progress: [String: [StepRecord]] = [:]
    // Only a build that started and didn't succeed has steps on record.
    for name in Set(failures.keys).union(try store.running().keys) {
      let steps = try store.progress(of: name)
      if !steps.isEmpty { progress[name] = steps }
    }
    self.progress = progress
    self.observations = observations
    self.forced = forced
  }

  /// Asks each kind once for all its targets.
  package static func observe(
    _ targets: [TargetID], in graph: Graph, kinds: [String: any TargetKind]
  ) async throws(StepError) -> Observations {
    var byKind: [String: [TargetID]] = [:]
    for target in targets { byKind[graph.kind(target), default: []].append(target) }
    var result = Observations()
    for (name, members) in byKind.sorted(by: { $0.key < $1.key }) {
      guard let seen = try await kinds[name]!.observe(members, in: graph) else { continue }
      result.lookedAt.formUnion(members)
      result.seen.merge(seen) { _, new in new }
    }
    return result
  }

  /// - Parameters:
  ///   - outputs: the outputs of its dependencies; nil where they aren't known yet.
  package func assess(_ target: TargetID, outputs: (TargetID) -> [String: String]?) -> Assessment {
    let name = graph.name(target)
    let kind = kinds[graph.kind(target)]!
    let (manifest, isComplete) = walk.manifest(of: target, outputs: outputs)
    let trace = traces[name]
    let observation = observations.seen[target]
    let steps = progress[name] ?? []
    let drift = trace.flatMap { trace in
      observations.lookedAt.contains(target) ? kind.drift(trace, observation) : nil
    }
    var reasons: [StaleReason]
    if isComplete {
      reasons = Staleness.reasons(
        manifest, trace: trace, drift: drift, failure: failures[name],
        unfinishedStep: RecipeDecision.unfinishedStep(steps), isForced: forced.contains(target))
    } else {
      reasons = Staleness.reasons(
        Manifest(entries: trace?.manifest ?? []), trace: trace, drift: drift, failure: failures[name],
        unfinishedStep: RecipeDecision.unfinishedStep(steps), isForced: forced.contains(target))
      let running = graph.dependencies(target, for: .staleness).filter { outputs($0) == nil }
      let used = walk.unknownSources(of: target, outputs: outputs).filter { !running.contains($0) }
      reasons += (running + used).map { .dependencyWillRun(graph.name($0)) }
    }
    var situation = Situation(
      target: target, graph: graph, manifest: manifest, trace: trace, progress: steps, observation: observation,
      reasons: reasons, isForced: forced.contains(target), isObserved: observations.lookedAt.contains(target))
    guard !reasons.isEmpty else {
      return Assessment(situation: situation, decision: nil, outputs: trace?.outputs ?? [:])
    }
    let decision = kind.decide(situation)
    if reasons == [.forced], let step = RecipeDecision.forcedStart(situation, decision) {
      situation.reasons = [.forcedAfterOnce(step: step)]
    }
    var predicted: [String: String]?
    if case .run = decision, isComplete || kind.predictsFromGraph { predicted = kind.predict(situation) }
    return Assessment(situation: situation, decision: decision, outputs: predicted)
  }

  /// What a build of `goals` would do, in the order of the graph; changes nothing.
  package func plan(_ goals: [TargetID]) -> [PlannedTarget] { plan(goals, manifests: nil) }

  /// What each target of that plan is made of, as far as it is known before anything ran. Apart from the plan, since it
  /// is large, and only a plan that is kept needs it.
  package func manifests(_ goals: [TargetID]) -> [TargetID: Manifest] {
    var manifests: [TargetID: Manifest] = [:]
    _ = plan(goals) { manifests[$0] = $1 }
    return manifests
  }

  private func plan(_ goals: [TargetID], manifests: ((TargetID, Manifest) -> Void)?) -> [PlannedTarget] {
    var outputs: [TargetID: [String: String]] = [:]
    var blocked: [TargetID: TargetID] = [:]
    var result: [PlannedTarget] = []
    for target in graph.closure(of: goals) {
      if let blocker = graph.dependencies(target, for: .order).first(where: { blocked[$0] != nil }) {
        blocked[target] = blocker
        manifests?(target, walk.manifest(of: target) { outputs[$0] }.manifest)
        result.append(
          PlannedTarget(target: target, reasons: [], state: .blocked(by: graph.name(blocker)), steps: []))
        continue
      }
      let assessment = assess(target) { outputs[$0] }
      outputs[target] = assessment.outputs
      manifests?(target, assessment.situation.manifest)
      let state: PlannedTarget.State
      var steps: [PlannedTarget.Step] = []
      switch assessment.decision {
      case nil: state = .fresh
      case .locked(let error):
        state = .locked(error)
        blocked[target] = target
      case .run(let actions):
        state = .stale
        steps = actions.map { planned($0, target) { outputs[$0] } }
      }
      result.append(
        PlannedTarget(target: target, reasons: assessment.situation.reasons, state: state, steps: steps))
    }
    return result
  }

  private func planned(
    _ action: Action, _ target: TargetID, outputs: (TargetID) -> [String: String]?
  ) -> PlannedTarget.Step {
    switch action {
    case .act(let word): return PlannedTarget.Step(number: nil, text: word, places: [])
    case .step(let number):
      var isComplete = true
      let step = graph.recipe(target)[number]
      let text = walk.text(of: step, in: target, outputs: outputs, isComplete: &isComplete)
      let places = RecipeDecision.places(of: step, target: target, in: graph).map { graph[$0].name }
      return PlannedTarget.Step(number: number + 1, text: text, places: places)
    }
  }
}

/// What would be done for a target.
package struct PlannedTarget: Sendable {
  package enum State: Sendable, Hashable {
    case fresh
    case stale
    case locked(StepError)
    /// It depends on a target that is locked.
    case blocked(by: String)
  }

  package struct Step: Sendable, Hashable {
    /// From 1 in the recipe; nil for something that the kind does.
    package var number: Int?
    package var text: String
    /// Empty is this machine.
    package var places: [String]
  }

  package var target: TargetID
  package var reasons: [StaleReason]
  package var state: State
  package var steps: [Step]

  /// The same, where somebody builds it now: what was begun isn't what an earlier run left.
  package var whileRunning: PlannedTarget {
    var planned = self
    planned.reasons = reasons.map { if case .unfinished(let step) = $0 { .running(step: step) } else { $0 } }
    return planned
  }
}

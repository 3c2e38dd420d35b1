/// The loop that drives a run: checks what is ready, starts what is stale, records what came of it.
package struct Builder: Sendable {
  package var assessor: Assessor
  package var runner: any StepRunner
  package var files: SourceFiles
  /// Values of the graph's secrets.
  package var secrets: [String: String]
  package var store: any Store
  package var reporter: any Reporter
  package var interrupt: Interrupt
  package var pool: ThreadPool
  /// Seconds since 1970.
  package var now: @Sendable () -> Double
  package var jobs: Int
  package var keepsGoing: Bool
  /// The targets that may be built; nil: all.
  package var planned: Set<TargetID>?

  package init(
    assessor: Assessor, runner: any StepRunner, files: SourceFiles, secrets: [String: String], store: any Store,
    reporter: any Reporter, interrupt: Interrupt, pool: ThreadPool, now: @escaping @Sendable () -> Double, jobs: Int,
    keepsGoing: Bool
  ) {
    self.assessor = assessor
    self.runner = runner
    self.files = files
    self.secrets = secrets
    self.store = store
    self.reporter = reporter
    self.interrupt = interrupt
    self.pool = pool
    self.now = now
    self.jobs = jobs
    self.keepsGoing = keepsGoing
  }

  private struct Finished: Sendable {
    var target: TargetID
    var outcome: Outcome
    var outputs: [String: String]
    var seconds: Double
    /// When it came to its end, where it ran.
    var endedAt = 0.0
    /// Its turn, where it isn't on record yet.
    var turn: Turn?
  }

  /// Brings `goals` up to date. Throws only where the record can't be used.
  package func build(_ goals: [TargetID], run: Int64) async throws(StoreError) -> Summary {
    let graph = assessor.graph
    let started = now()
    let durations = try store.durations()
    let wanted = graph.closure(of: goals)
    let estimates = Estimates(
      graph: graph, history: durations, guesses: assessor.kinds.mapValues(\.expectedSeconds))
    var schedule = Schedule(
      graph: graph, wanted: wanted, jobs: jobs, keepsGoing: keepsGoing, seconds: { estimates.seconds($0) })
    var summary = Summary()
    summary.wanted = wanted.count
    reporter.report(.runStarted(run: run, wanted: wanted.count))
    var outlook = Outlook(
      forecast: Forecast(
        graph: graph, wanted: wanted, jobs: jobs, seconds: { estimates.known($0) },
        wasBuilt: { [traces = assessor.traces] in traces[graph.name($0)] != nil }))
    var outputs: [TargetID: [String: String]] = [:]
    var waiting: [TargetID: Assessor.Assessment] = [:]
    var servers = ServerWork()

    await withTaskGroup(of: Finished.self) { group in
      while true {
        if interrupt.isRequested { schedule.stop() }
        while let target = schedule.check() {
          let assessment = assessor.assess(target) { outputs[$0] }
          switch allowed(assessment.decision, target) {
          case nil:
            outputs[target] = assessment.outputs
            finish(Finished(target: target, outcome: .fresh, outputs: [:], seconds: 0), &schedule, &summary)
          case .locked(let error):
            let outcome = Outcome.locked(error, because: assessment.situation.reasons)
            let turn = history(target, outcome, assessment.situation.reasons, run: run)
            finish(
              Finished(target: target, outcome: outcome, outputs: [:], seconds: 0, turn: turn), &schedule, &summary)
          case .run:
            waiting[target] = assessment
            schedule.queue(target)
          }
        }
        while let target = schedule.start() {
          let assessment = waiting.removeValue(forKey: target)!
          reporter.report(
            .started(
              target: graph.name(target), reasons: assessment.situation.reasons,
              expectedSeconds: durations[graph.name(target)]))
          // Order-only ones too: their place's values may be used.
          var known: [TargetID: [String: String]] = [:]
          for dependency in graph.dependencies(target, for: .order) { known[dependency] = outputs[dependency] }
          let turn = TargetBuild(
            situation: assessment.situation, run: run, store: store, interrupt: interrupt, now: now,
            reporter: reporter, dependencyOutputs: known)
          outlook.begin(target, at: now())
          group.addTask(executorPreference: pool) { await step(turn, assessment.decision!) }
        }
        if let left = outlook.secondsLeft(schedule, at: now()) { reporter.report(.forecast(secondsLeft: left)) }
        guard !schedule.isIdle, let finished = await group.next() else { break }
        if finished.outcome == .built { outputs[finished.target] = finished.outputs }
        finish(finished, &schedule, &summary)
        servers.add(finished.outcome, graph, finished.target, endedAt: finished.endedAt, seconds: finished.seconds)
      }
    }
    summary.seconds = now() - started
    summary.servers = servers.rows
    for target in wanted where !isDone(schedule.state(target)) {
      if interrupt.isRequested { summary.interrupted += 1 } else { summary.skipped += 1 }
    }
    reporter.report(.runFinished(summary))
    return summary
  }

  /// A target that was to stay as it is, and turns out to be stale, isn't built.
  private func allowed(_ decision: Decision?, _ target: TargetID) -> Decision? {
    guard case .run = decision, let planned, !planned.contains(target) else { return decision }
    return .locked(
      StepError(
        .locked, operation: "apply the plan", subject: assessor.graph.name(target),
        cause: "it was up to date in the plan, and what was built made it stale", hint: "make a new plan"))
  }

  private func isDone(_ state: Schedule.State) -> Bool {
    if case .done = state { true } else { false }
  }

  private func finish(_ finished: Finished, _ schedule: inout Schedule, _ summary: inout Summary) {
    let name = assessor.graph.name(finished.target)
    if let turn = finished.turn { summary.turns.append(turn) }
    reporter.report(.finished(target: name, outcome: finished.outcome, seconds: finished.seconds))
    let skipped: [TargetID]
    switch finished.outcome {
    case .fresh:
      summary.fresh += 1
      skipped = schedule.finish(finished.target, ok: true)
    case .built:
      summary.built += 1
      skipped = schedule.finish(finished.target, ok: true)
    case .failed:
      summary.failed += 1
      skipped = schedule.finish(finished.target, ok: false)
    case .locked:
      // A lock is known trouble: all that doesn't depend on it is built.
      summary.locked += 1
      if assessor.graph.recipe(finished.target).contains(where: \.isOnce) { summary.freshStarts.append(name) }
      skipped = schedule.finish(finished.target, ok: false, stops: false)
    case .interrupted:
      summary.interrupted += 1
      schedule.stop()
      skipped = schedule.finish(finished.target, ok: false)
    case .skipped:
      preconditionFailure("BUG: \(name) was started, and skipped")
    }
    for target in skipped {
      summary.skipped += 1
      reporter.report(
        .finished(target: assessor.graph.name(target), outcome: .skipped(because: name), seconds: 0))
    }
  }

  /// One target's turn: apply, record.
  private func step(_ turn: TargetBuild, _ decision: Decision) async -> Finished {
    let started = now()
    let target = turn.situation.target
    func finished(_ outcome: Outcome) -> Finished {
      let ended = now()
      return Finished(
        target: target, outcome: outcome, outputs: turn.outputs, seconds: ended - started, endedAt: ended)
    }
    func history(_ outcome: Outcome, at ended: Double) -> Turn {
      turn.record.turn(
        turn.name, run: turn.run, startedAt: started, endedAt: ended, outcome: outcome,
        reasons: turn.situation.reasons, redactor)
    }
    do throws(StepError) {
      // On disk with the start of its first step, or before its kind does anything.
      turn.markLater(.start(run: turn.run, at: started))
      // What follows the first step to run is to run again, even if this build gets no further than that step.
      if let first = decision.firstStep, turn.situation.progress.contains(where: { $0.number > first }) {
        turn.markLater(.forgetSteps(from: first + 1))
      }
      try await attempts(turn, decision)
      let kind = assessor.kinds[turn.graph.kind(target)]!
      turn.set(kind.outputs(turn))
      let trace = Trace(
        target: turn.name, kind: turn.graph.kind(target), fingerprint: turn.situation.manifest.fingerprint,
        manifest: turn.situation.manifest.entries, outputs: turn.outputs, run: turn.run, builtAt: now(),
        seconds: now() - started)
      let kept = files.kept(of: target, in: turn.graph, secrets: secrets, digests: assessor.walk.secretDigests)
      let record = history(.built, at: trace.builtAt)
      try turn.recorded("record the result") { () throws(StoreError) in
        try store.finish(trace, turn: record, kept: kept)
      }
      return finished(.built)
    } catch {
      do throws(StepError) {
        try turn.mark()
      } catch let markError {
        reporter.report(.warning(target: turn.name, text: "how far it got could not be recorded: \(markError.cause)"))
      }
      if error.code == .interrupted {
        var result = finished(.interrupted)
        result.turn = history(.interrupted, at: result.endedAt)
        return result
      }
      let outcome: Outcome = error.code == .locked ? .locked(error) : .failed(error)
      do throws(StoreError) {
        let failure = Failure(target: turn.name, error: error, run: turn.run, at: now())
        try store.fail(failure, turn: history(outcome, at: failure.at))
      } catch let storeError {
        reporter.report(.warning(target: turn.name, text: "the failure could not be recorded: \(storeError)"))
      }
      return finished(outcome)
    }
  }

  private var redactor: Redactor { Redactor(secrets: secrets.values) }

  /// The turn of a target that wasn't tried.
  private func history(_ target: TargetID, _ outcome: Outcome, _ reasons: [StaleReason], run: Int64) -> Turn {
    let now = now()
    return TurnRecord().turn(
      assessor.graph.name(target), run: run, startedAt: now, endedAt: now, outcome: outcome, reasons: reasons, redactor)
  }

  /// The whole target, again where its variable `retries` says so.
  private func attempts(_ turn: TargetBuild, _ decision: Decision) async throws(StepError) {
    let retries = turn.graph.options(turn.situation.target).retries
    var actions = decision.actions
    var attempt = 0
    while true {
      do throws(StepError) {
        return try await carryOut(actions, turn)
      } catch {
        attempt += 1
        guard error.code == .failed, attempt <= retries else { throw error }
        turn.note("attempt \(attempt) failed, trying again: \(error.cause)")
        // What is done stays done: decide anew from what is on record.
        try turn.mark()
        var situation = turn.situation
        situation.progress = try turn.recorded("read the progress") { () throws(StoreError) in
          try store.progress(of: turn.name)
        }
        if case .run(let rest) = assessor.kinds[turn.graph.kind(situation.target)]!.decide(situation) { actions = rest }
      }
    }
  }

  private func carryOut(_ actions: [Action], _ turn: TargetBuild) async throws(StepError) {
    let kind = assessor.kinds[turn.graph.kind(turn.situation.target)]!
    for action in actions {
      try turn.checkInterrupt("build")
      switch action {
      case .act(let word):
        try turn.mark()
        try await kind.apply(word, turn)
      case .step(let number): try await recipe(turn).run(number)
      }
    }
  }

  func recipe(_ turn: TargetBuild) -> RecipeRun {
    let recipe = turn.graph.recipe(turn.situation.target)
    var isComplete = true
    let shown = recipe.map {
      assessor.walk.text(
        of: $0, in: turn.situation.target, outputs: { turn.outputs(of: $0) }, isComplete: &isComplete)
    }
    var generations = RecipeDecision.generations(of: turn.situation, in: turn.situation.manifest.entries)
    // A place's own target runs steps there before anybody depends on it: the generation is its own.
    if let place = turn.graph.place(turn.situation.target), turn.graph.target(of: place) == turn.situation.target,
      let generation = turn.outputs["generation"]
    {
      for i in recipe.indices
      where RecipeDecision.places(of: recipe[i], target: turn.situation.target, in: turn.graph) == [place] {
        generations[i] = generation
      }
    }
    return RecipeRun(
      build: turn, runner: runner, files: files, secrets: secrets, fingerprints: turn.situation.manifest.steps,
      generations: generations, pool: pool, shown: shown)
  }
}

extension Decision {
  var actions: [Action] {
    if case .run(let actions) = self { actions } else { [] }
  }

  /// The number of the first step that runs.
  var firstStep: Int? {
    actions.lazy.compactMap { if case .step(let number) = $0 { number } else { nil } }.first
  }
}

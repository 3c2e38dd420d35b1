/// Runs single steps of one target's recipe: fills in values, records, repeats, and guards `once`.
struct RecipeRun: Sendable {
  let build: TargetBuild
  let runner: any StepRunner
  let files: SourceFiles
  let secrets: [String: String]
  /// By step: what must be the same for it to count as done, and the generation of where it runs.
  let fingerprints: [Fingerprint]
  let generations: [String]
  let pool: ThreadPool
  /// The text of a step as it may be shown.
  let shown: [String]

  private var graph: Graph { build.graph }

  /// Runs step `number` to its end, and records it.
  func run(_ number: Int) async throws(StepError) {
    let step = graph.recipe(build.situation.target)[number]
    let places = RecipeDecision.places(of: step, target: build.situation.target, in: graph)
    let place = places.map { graph[$0].name }.joined(separator: " ")
    build.reporter.report(
      .stepStarted(
        target: build.name, number: number + 1, of: fingerprints.count, text: firstLine(shown[number]),
        place: places.isEmpty ? nil : place))
    let started = build.now()
    build.record.stepStarted(number + 1, text: firstLine(shown[number]), place: place, at: started)
    let resolved = try resolve(step, number)
    try record(number, .started, step)
    do throws(StepError) {
      try await attempts(step, resolved, places)
    } catch {
      // An interrupted step is neither done nor failed; a once step may still be running.
      if error.code == .interrupted { throw error }
      try record(number, .failed, step)
      guard step.isOnce else { throw error }
      throw StepError(
        .locked, operation: error.operation, subject: error.subject, cause: error.cause,
        hint: "it must run only once: `stackmake clean \(build.name)` gives it a fresh start")
    }
    try record(number, .done, step)
    if step.isOnce { build.markOnce() }
    let seconds = build.now() - started
    build.record.stepFinished(seconds: seconds)
    build.reporter.report(.stepFinished(target: build.name, number: number + 1, seconds: seconds))
  }

  /// A step that is begun only once repeats itself.
  private func attempts(_ step: Step, _ resolved: ResolvedStep, _ places: [PlaceID]) async throws(StepError) {
    guard let retry = step.retry, !step.isOnce else { return try await everywhere(resolved, places) }
    for attempt in 1..<max(1, retry.count) {
      do throws(StepError) {
        return try await everywhere(resolved, places)
      } catch {
        guard error.code == .failed else { throw error }
        build.note("attempt \(attempt) of \(retry.count) failed: \(error.cause.split(separator: "\n").last ?? "")")
        try await pause(retry.every)
      }
    }
    try await everywhere(resolved, places)
  }

  /// Waits, and stops waiting when the user asks to stop.
  private func pause(_ time: Duration) async throws(StepError) {
    let sleeper = Task { try? await Task.sleep(for: time) }
    await build.interrupt.notifying({ sleeper.cancel() }) {
      await withTaskCancellationHandler {
        await sleeper.value
      } onCancel: {
        sleeper.cancel()
      }
    }
    try build.checkInterrupt("wait before the next attempt")
  }

  /// At each place in parallel; the failures name their places.
  private func everywhere(_ step: ResolvedStep, _ places: [PlaceID]) async throws(StepError) {
    guard places.count > 1 else { return try await at(places.first, step) }
    var failures: [StepError] = []
    await withTaskGroup(of: StepError?.self) { group in
      for place in places {
        group.addTask(executorPreference: pool) {
          do throws(StepError) {
            try await at(place, step)
            return nil
          } catch {
            return error
          }
        }
      }
      for await failure in group { if let failure { failures.append(failure) } }
    }
    if let failure = StepError.joined(failures, of: places.count, "places") { throw failure }
  }

  private func at(_ place: PlaceID?, _ step: ResolvedStep) async throws(StepError) {
    let build = build
    let began = build.now()
    let name = place.map { graph[$0].name }
    var site: StepSite?
    if let place, let name {
      let outputs = graph.target(of: place).flatMap { build.outputs(of: $0) } ?? [:]
      let user = graph.options(build.situation.target).user ?? outputs["user"] ?? graph[place].settings["user"] ?? ""
      site = StepSite(name: name, outputs: outputs, user: user)
    }
    let events = StepEvents(
      line: { line in
        if let phase = Phase(line: line) {
          build.phase(phase, step: step.number, at: name, began: began)
        } else {
          build.reporter.report(.output(target: build.name, place: name, line: line))
        }
      },
      note: { build.note($0) },
      trace: { build.reporter.report(.trace(target: build.name, text: $0)) },
      result: { build.setResult($0) },
      interrupt: build.interrupt)
    try await runner.run(step, at: site, events: events)
  }

  // MARK: - Values

  private func resolve(_ step: Step, _ number: Int) throws(StepError) -> ResolvedStep {
    let body: ResolvedStep.Body
    switch step.body {
    case .script(let script):
      body = .script(RepeatedScript.text(try fill(script), step))
    case .put(let transfer):
      let destination = try fill(transfer.destination)
      let found = files.files(of: transfer.source)
      body = .files(
        found.map { file in
          ResolvedFile(
            contents: file.bytes.map { .bytes($0) } ?? .path(file.path),
            destination: join(destination, file.relativePath, isAlone: found.count == 1, source: file.path),
            mode: transfer.mode ?? file.fingerprint.mode, owner: transfer.owner)
        })
    case .render(let transfer, let rendered):
      let destination = try fill(transfer.destination)
      var resolved: [ResolvedFile] = []
      for file in rendered {
        let mode = transfer.mode ?? files.files(of: file.path).first?.fingerprint.mode ?? 0o644
        resolved.append(
          ResolvedFile(
            contents: .bytes(Array(try fill(file.contents).utf8)),
            destination: join(destination, file.relativePath, isAlone: rendered.count == 1, source: file.path),
            mode: mode, owner: transfer.owner))
      }
      body = .files(resolved)
    }
    let timeout = graph.options(build.situation.target).timeout ?? (step.isOnce ? nil : .seconds(3600))
    return ResolvedStep(
      target: build.name, number: number + 1, count: fingerprints.count, body: body, timeout: timeout,
      onceID: step.isOnce ? onceID(number) : nil)
  }

  /// A destination that ends in `/` is a directory; so is that of several files.
  private func join(_ destination: String, _ relative: String, isAlone: Bool, source: String) -> String {
    if !relative.isEmpty {
      return destination.hasSuffix("/") ? destination + relative : "\(destination)/\(relative)"
    }
    guard destination.hasSuffix("/") else { return destination }
    return destination + (source.split(separator: "/").last ?? "")
  }

  /// Target, step and generation: the text isn't in it, so that a changed step can't start a second time.
  private func onceID(_ number: Int) -> String {
    let name = build.name.replacing("/", with: ".")
    // This machine has no generations: every start that the record allows is a start of its own.
    if generations[number].isEmpty { return "\(name).\(number + 1).run\(build.run)" }
    let generation = Fingerprint(of: generations[number]).short
    return "\(name).\(number + 1).\(generations[number].replacing(",", with: "-"))-\(generation)"
  }

  private func fill(_ template: Template) throws(StepError) -> String {
    try template.filled { (part) throws(StepError) in
      switch part {
      case .text(let text): return text
      case .secret(let name): return secrets[name]!
      case .output(let target, let key):
        if let value = build.outputs(of: target)?[key] { return value }
        throw StepError(
          operation: "resolve the step", subject: build.name,
          cause: "`\(graph.name(target))` gave no value `\(key)`")
      }
    }
  }

  private func record(_ number: Int, _ state: StepRecord.State, _ step: Step) throws(StepError) {
    let record = StepRecord(
      number: number, fingerprint: fingerprints[number], state: state, isOnce: step.isOnce,
      generation: generations[number], at: build.now())
    // That it is done goes on record with the start of the next step, or with the end of the whole: nothing happens in
    // between. Of a step that must not run twice it is written at once.
    if state == .done && !step.isOnce { build.markLater(.step(record)) } else { try build.mark(.step(record)) }
  }

  private func firstLine(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    return lines.count > 1 ? "\(lines[0]) …" : String(lines.first ?? "")
  }
}

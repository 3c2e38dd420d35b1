package import StackMake

/// `server/X`: a machine of the cloud that exists, is reached, and is who it says it is; and the recipe that
/// a rule gives it.
package struct ServerKind: TargetKind {
  /// Settings that a standing machine can't be given.
  static let fixedSettings: Set<String> = [
    "image", "flavor", "zone", "network", "user", "volume", "floating", "spread", "host", "port", "host-key",
  ]

  /// What of an observation says what there is once too often.
  private static let excessKey = "excess"
  /// What of an observation says when its cluster is meant to end.
  private static let endKey = "expires"

  /// When the cluster ends, as the servers that were looked at say it; nil where there is none, or one has no end.
  package static func end(_ observations: [Observation]) -> Double? {
    ClusterEnd.of(observations.map { $0.values[endKey].flatMap(Timestamp.seconds) })
  }

  private static let excessWord = "what is there twice"

  let cluster: Cluster

  package init(cluster: Cluster) { self.cluster = cluster }

  package var expectedSeconds: Double { 60 }

  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] {
    guard let place = graph.place(target) else { return [] }
    // With which key it is logged in to makes it no other server.
    let settings = graph[place].settings.filter { $0.key != "key" }.sorted { $0.key < $1.key }.map { setting in
      let isInPlace = setting.key == "security-group" || setting.key.hasPrefix("meta.")
      return ManifestEntry("\(isInPlace ? ManifestEntry.inPlacePrefix : "")setting \(setting.key)", setting.value)
    }
    guard let lifetime = cluster.lifetime else { return settings }
    return settings + [ManifestEntry("\(ManifestEntry.inPlacePrefix)setting expire", lifetime.text)]
  }

  /// A server has its settings as attributes of its own: another line of the layout doesn't concern it.
  package func heeds(_ key: String, of dependency: TargetID, in graph: Graph) -> Bool {
    !["layout", "image-validated"].contains(graph.kind(dependency))
  }

  package func observe(_ targets: [TargetID], in graph: Graph) async throws(StepError) -> [TargetID: Observation]? {
    let machines = try await cluster.machines()
    let excess = try await cluster.excess(in: graph, machines)
    var result: [TargetID: Observation] = [:]
    for target in targets {
      guard let place = graph.place(target), let machine = Self.newest(machines, graph[place].name) else { continue }
      var values = ["id": machine.id, "generation": String(machine.tag.generation)]
      values[Self.endKey] = machine.expiresAt.map { ClusterEnd.stamp($0) }
      let own = excess.of(graph[place].name, isFirst: result.isEmpty)
      if !own.isEmpty { values[Self.excessKey] = own.text }
      result[target] = Observation(values: values, problem: Self.problem(machine.status))
    }
    return result
  }

  package func drift(_ trace: Trace, _ observation: Observation?) -> StaleReason? {
    let id = trace.outputs["id"] ?? ""
    guard let observation else { return .drift(what: "server", old: id, new: "deleted") }
    for key in ["id", "generation"] where observation.values[key] != trace.outputs[key] {
      return .drift(what: key, old: trace.outputs[key] ?? "", new: observation.values[key] ?? "")
    }
    if let problem = observation.problem { return .drift(what: "status", old: "ACTIVE", new: problem) }
    return observation.values[Self.excessKey].map { .drift(what: Self.excessWord, old: "nothing", new: $0) }
  }

  package func decide(_ situation: Situation) -> Decision {
    guard situation.trace != nil, situation.observation?.values[Self.excessKey] != nil else {
      return decideItself(situation)
    }
    var itself = situation
    itself.reasons.removeAll { if case .drift(Self.excessWord, _, _) = $0 { true } else { false } }
    if itself.reasons.isEmpty { return .run([.act("tidy")]) }
    guard case .run(let actions) = decideItself(itself) else { return decideItself(itself) }
    return .run([.act("tidy")] + actions)
  }

  /// As if there were nothing but the server.
  private func decideItself(_ situation: Situation) -> Decision {
    let all = situation.graph.recipe(situation.target).indices.map { Action.step($0) }
    let boot: [Action] = [.act("create"), .act("wait")]
    guard let observation = situation.observation ?? Self.recorded(situation) else { return .run(boot + all) }
    guard let trace = situation.trace else {
      // Half-made by an earlier run, or given a fresh disk by clean: create adopts it.
      switch stepsLeft(situation, generation: observation.values["generation"] ?? "") {
      case .run(let steps): return .run(boot + steps)
      case .locked(let error): return .locked(error)
      }
    }
    if observation.values["id"] != trace.outputs["id"] { return .run(boot + all) }
    if let problem = observation.problem {
      if cluster.cloud.keepsMachines { return .locked(halfReset(situation)) }
      return .locked(lock(situation, "the server is \(problem), and is not thrown away by itself"))
    }
    for case .changed(let key, _, _) in situation.reasons where key.hasPrefix("setting ") {
      let setting = String(key.dropFirst("setting ".count))
      guard Self.fixedSettings.contains(setting) else { continue }
      return .locked(lock(situation, "a standing server can't be given another \(setting)"))
    }
    if observation.values["generation"] != trace.outputs["generation"] {
      return .run(boot + all)
    }
    let inPlace = situation.reasons.count(where: Self.isInPlace)
    // Nothing else changed: no step of the recipe runs.
    if inPlace > 0, inPlace == situation.reasons.count { return .run([.act("update")]) }
    let steps = stepsLeft(situation, generation: observation.values["generation"] ?? "")
    guard inPlace > 0, case .run(let actions) = steps else { return steps }
    return .run([.act("update")] + actions)
  }

  /// The machine as it is on record, where nobody looked at it: that is then what counts.
  private static func recorded(_ situation: Situation) -> Observation? {
    guard !situation.isObserved, let outputs = situation.trace?.outputs else { return nil }
    return Observation(values: outputs.filter { ["id", "generation"].contains($0.key) })
  }

  private static func isInPlace(_ reason: StaleReason) -> Bool {
    guard case .changed(let key, _, _) = reason else { return false }
    return key.hasPrefix(ManifestEntry.inPlacePrefix)
  }

  /// The machine stands: its recipe changes nothing of what dependents are told.
  package func predict(_ situation: Situation) -> [String: String]? {
    guard case .run(let actions) = decide(situation), !actions.contains(.act("create")) else { return nil }
    return situation.trace?.outputs
  }

  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {
    let place = build.graph[build.graph.place(build.situation.target)!]
    switch action {
    case "create": build.set(["id": try await ServerBoot(cluster, build, place).create().id])
    case "wait": build.set(try await ServerBoot(cluster, build, place).wait().values)
    case "update": try await ServerBoot(cluster, build, place).update()
    case "tidy":
      try await Tidier(cluster, store: build.store, reporter: build.reporter, now: build.now).run(build.graph)
    default: preconditionFailure("BUG: `\(action)` is not an action of a server")
    }
  }

  package func outputs(_ build: TargetBuild) -> [String: String] {
    build.outputs.isEmpty || build.outputs["ip"] == nil ? build.situation.trace?.outputs ?? [:] : build.outputs
  }

  private func stepsLeft(_ situation: Situation, generation: String) -> Decision {
    let recipe = situation.graph.recipe(situation.target)
    let place = situation.graph.place(situation.target)
    return RecipeDecision.decide(
      situation,
      generations: recipe.map { step in
        RecipeDecision.places(of: step, target: situation.target, in: situation.graph) == place.map { [$0] }
          ? generation : ""
      })
  }

  private func lock(_ situation: Situation, _ cause: String) -> StepError {
    StepError(
      .locked, operation: "build", subject: situation.name, cause: cause,
      hint: cluster.cloud.keepsMachines
        ? "`stackmake clean \(situation.name)` forgets it, and the next build takes it over as it is said now"
        : "`stackmake clean \(situation.name)` deletes it, and the next build makes it anew")
  }

  private func halfReset(_ situation: Situation) -> StepError {
    StepError(
      .locked, operation: "build", subject: situation.name, cause: "its reset was cut off, or failed",
      hint: "the same `stackmake clean` runs it again from its start; where you made the server fresh yourself: "
        + "`stackmake clean \(situation.name) --fresh`")
  }

  /// Of several machines for one server the one with the highest generation.
  static func newest(_ machines: [Machine], _ server: String) -> Machine? {
    MachineChoice(machines, of: server).kept
  }

  static func problem(_ status: Machine.Status) -> String? {
    switch status {
    case .active, .building, .deleting: nil
    case .incomplete: "half made"
    case .stopped: "stopped"
    case .error(let text): "in ERROR: \(text)"
    }
  }
}

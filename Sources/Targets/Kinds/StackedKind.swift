package import StackMake

/// `stacked/X`: turns a server into its role, by steps of which one may run only once.
///
/// On a machine that was made from a snapshot everything up to the last step that runs once is there already: only what follows
/// it is run, where what the snapshot was made of is what would be built.
package struct StackedKind: TargetKind {
  private let book: SnapshotBook

  package init(_ book: SnapshotBook = SnapshotBook()) { self.book = book }

  private static let restoreAction = "restore"

  package var expectedSeconds: Double { 900 }

  package func decide(_ situation: Situation) -> Decision {
    guard let set = unfinishedRestore(situation) else { return RecipeDecision.decide(situation) }
    if let why = mismatch(situation, set) {
      return .locked(
        StepError(
          .locked, operation: "build", subject: situation.name,
          cause: "its machine was made from snapshot \(set), and \(why)",
          hint: "`stackmake clean \(situation.name)` gives it a fresh machine"))
    }
    guard case .run(let steps) = RecipeDecision.decide(restored(situation)) else {
      return RecipeDecision.decide(restored(situation))
    }
    return .run([.act(Self.restoreAction)] + steps)
  }

  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {
    let set = snapshot(build.situation) ?? ""
    let age = book.set(set).map { " of \(AgeText.text(build.now() - $0.madeAt)) ago" } ?? ""
    let last = SnapshotGroup.lastOnce(build.situation.target, in: build.graph) ?? 0
    build.note("from snapshot \(set)\(age): \(last == 0 ? "step 1 is" : "steps 1 to \(last + 1) are") done in it")
  }

  package func predict(_ situation: Situation) -> [String: String]? {
    guard unfinishedRestore(situation) == nil, case .run(let actions) = RecipeDecision.decide(situation) else {
      return nil
    }
    let recipe = situation.graph.recipe(situation.target)
    let runsOnce = actions.contains { if case .step(let i) = $0 { recipe[i].isOnce } else { false } }
    guard !runsOnce, let run = situation.trace?.outputs["run"] else { return nil }
    return outputs(situation, run: run)
  }

  package func outputs(_ build: TargetBuild) -> [String: String] {
    let isNew = build.didRunOnce || unfinishedRestore(build.situation) != nil
    let earlier = isNew ? nil : build.situation.trace?.outputs["run"]
    return outputs(build.situation, run: earlier ?? String(build.run))
  }

  private func outputs(_ situation: Situation, run: String) -> [String: String] {
    var values = ["generation": generation(situation), "run": run]
    values[ServerOutputs.snapshotKey] = snapshot(situation)
    return values
  }

  private func generation(_ situation: Situation) -> String {
    Set(RecipeDecision.generations(of: situation, in: situation.manifest.entries)).filter { !$0.isEmpty }.sorted()
      .joined(separator: ",")
  }

  // MARK: Snapshots

  /// A value of its own server, as a manifest has it.
  private func value(_ key: String, _ situation: Situation, _ entries: [ManifestEntry]) -> String? {
    guard let place = situation.graph.place(situation.target) else { return nil }
    let key = ManifestWalk.outputKey(situation.graph.placePrefix + situation.graph[place].name, key)
    return entries.first { $0.key == key }?.value
  }

  /// The set that its machine was made from.
  private func snapshot(_ situation: Situation) -> String? {
    value(ServerOutputs.snapshotKey, situation, situation.manifest.entries)
  }

  /// The same, as long as it wasn't built on it.
  private func unfinishedRestore(_ situation: Situation) -> String? {
    guard let set = snapshot(situation) else { return nil }
    let now = value("generation", situation, situation.manifest.entries)
    return value("generation", situation, situation.trace?.manifest ?? []) == now ? nil : set
  }

  /// Why what is on the machine isn't what would be built; nil where it is.
  private func mismatch(_ situation: Situation, _ id: String) -> String? {
    let graph = situation.graph
    guard let set = book.set(id), let member = set.member(stackedAs: situation.name) else {
      return "that is no longer on record"
    }
    guard let before = book.differences(id, member.server) else { return "nothing is known of it" }
    let differences =
      before.isEmpty ? SnapshotMatch.differences(set, member, situation.manifest, in: graph) : before
    if !differences.isEmpty { return ReasonText.text(differences) }
    // Of others only those whose values it heeds.
    let sources = SnapshotGroup.needs(of: situation.target, in: graph).map { graph.name($0) }.sorted().flatMap { name in
      [name] + (set.member(stackedAs: name).map { [graph.placePrefix + $0.server] } ?? [])
    }
    let other = sources.first { source in
      let own = situation.manifest.entries.filter { $0.key.hasPrefix(ManifestWalk.outputKey(source, "")) }
      return !own.isEmpty && !own.contains(ManifestEntry(ManifestWalk.outputKey(source, ServerOutputs.snapshotKey), id))
    }
    return other.map { "\($0) wasn't" }
  }

  /// As if all until the last step that runs once had just been done here.
  private func restored(_ situation: Situation) -> Situation {
    var restored = situation
    restored.trace = nil
    let last = SnapshotGroup.lastOnce(situation.target, in: situation.graph) ?? -1
    let generations = RecipeDecision.generations(of: situation, in: situation.manifest.entries)
    let recipe = situation.graph.recipe(situation.target)
    let steps = situation.manifest.steps
    restored.progress = situation.progress.filter { $0.number > last }
    for number in 0..<(last + 1) {
      restored.progress.append(
        StepRecord(
          number: number, fingerprint: steps[number], state: .done, isOnce: recipe[number].isOnce,
          generation: generations[number], at: 0))
    }
    return restored
  }
}

/// What is no longer as it was when a plan was made. Pure.
extension SavedPlan {
  package struct Moved: Hashable, Sendable, CustomStringConvertible {
    /// A target, a file, or the program.
    package var subject: String
    /// What of it, old and new.
    package var change: String

    package init(_ subject: String, _ change: String) { (self.subject, self.change) = (subject, change) }

    package var description: String { "\(subject): \(change)" }
  }

  /// Everything that moved between the plan that was kept and `now`, which was made in the same way; empty: it holds.
  package func moved(to now: SavedPlan) -> [Moved] {
    var moved: [Moved] = []
    if program != now.program { moved.append(Moved("stackmake", "\(program) -> \(now.program)")) }
    if cluster != now.cluster {
      moved.append(Moved("cluster", "\(cluster ?? "none was made yet") -> \(now.cluster ?? "none is on record")"))
    }
    moved += Self.moved(sources, now.sources)
    let before = Dictionary(targets.map { ($0.target, $0) }) { first, _ in first }
    let after = Dictionary(now.targets.map { ($0.target, $0) }) { first, _ in first }
    for target in targets {
      guard let new = after[target.target] else {
        moved.append(Moved(target.target, "it was in the plan, and is no target any more"))
        continue
      }
      moved += target.moved(to: new)
    }
    for target in now.targets where before[target.target] == nil {
      moved.append(Moved(target.target, "it is new"))
    }
    // All that a decision comes of was compared: only where nothing of it moved is the decision itself news.
    if moved.isEmpty {
      for (old, new) in zip(targets, now.targets) where (old.state, old.steps) != (new.state, new.steps) {
        moved.append(Moved(old.target, "\(old.state) -> \(new.state)"))
      }
    }
    return moved
  }

  private static func moved(_ old: [Source], _ new: [Source]) -> [Moved] {
    let before = Dictionary(old.map { ($0.path, $0.digest) }) { first, _ in first }
    let after = Dictionary(new.map { ($0.path, $0.digest) }) { first, _ in first }
    var moved: [Moved] = []
    for source in old where after[source.path] != source.digest {
      moved.append(
        Moved(
          source.path,
          after[source.path].map { "sha256 \(source.digest.prefix(8))… -> \($0.prefix(8))…" }
            ?? "it was read, and no longer is"))
    }
    for source in new where before[source.path] == nil { moved.append(Moved(source.path, "it is new")) }
    return moved
  }
}

extension SavedPlan.Target {
  fileprivate func moved(to now: SavedPlan.Target) -> [SavedPlan.Moved] {
    var changes: [String] = []
    if kind != now.kind { changes.append("kind \(kind) -> \(now.kind)") }
    let before = Dictionary(inputs.map { ($0.key, $0) }) { first, _ in first }
    let after = Dictionary(now.inputs.map { ($0.key, $0) }) { first, _ in first }
    for input in inputs where after[input.key]?.digest != input.digest {
      changes.append(Self.change(input.key, input, after[input.key]))
    }
    for input in now.inputs where before[input.key] == nil { changes.append(Self.change(input.key, nil, input)) }
    if changes.isEmpty, fingerprint != now.fingerprint { changes.append("the order of what it is made of changed") }
    if recorded != now.recorded {
      changes.append("on record it was \(Self.text(recorded)), and is \(Self.text(now.recorded))")
    }
    for key in Set((seen ?? [:]).keys).union((now.seen ?? [:]).keys).sorted() where seen?[key] != now.seen?[key] {
      changes.append("\(key) \(seen?[key] ?? "nothing") -> \(now.seen?[key] ?? "nothing")")
    }
    return changes.map { SavedPlan.Moved(target, $0) }
  }

  private static func change(_ key: String, _ old: SavedPlan.Input?, _ new: SavedPlan.Input?) -> String {
    ReasonText.text(.changed(key: key, old: old.map(shown), new: new.map(shown)))
  }

  private static func shown(_ input: SavedPlan.Input) -> String {
    input.value ?? "sha256 \(input.digest.prefix(8))…"
  }

  private static func text(_ recorded: SavedPlan.Recorded?) -> String {
    guard let recorded else { return "never built" }
    var parts: [String] = []
    if let run = recorded.run { parts.append("built in run \(run)") }
    if let run = recorded.failedRun { parts.append("failed in run \(run)") }
    if parts.isEmpty { parts.append("begun") }
    return parts.joined(separator: " and ") + " (\(recorded.digest.prefix(8))…)"
  }
}

import StackMake

/// Compares what a snapshot was made of with what would be built now. Pure.
///
/// What differs from machine to machine (id, generation, host keys) is taken as it was; so is what only building tells, such as
/// the commit that a branch has: that is compared once it is known.
struct SnapshotMatch {
  private let set: SnapshotSet
  private let assessor: Assessor
  private let own: Set<String>
  private var known: [TargetID: [String: String]] = [:]

  init(_ set: SnapshotSet, _ assessor: Assessor) {
    self.set = set
    self.assessor = assessor
    own = Set(set.members.flatMap { [$0.target, assessor.graph.placePrefix + $0.server] })
  }

  /// What changed for a member; empty where its image is as good as a build.
  mutating func differences(_ member: SnapshotSet.Member) -> [StaleReason] {
    let graph = assessor.graph
    guard let target = graph.target(named: member.target),
      let server = graph.target(named: graph.placePrefix + member.server)
    else { return [.changed(key: member.target, old: "in the Stackfile", new: nil)] }
    return Self.differences(member.serverManifest, manifest(server))
      + Self.differences(member.manifest, manifest(target))
  }

  private static func differences(_ old: [SnapshotSet.Line], _ new: [ManifestEntry]) -> [StaleReason] {
    let (old, new) = (old.map(\.entry).filter { !$0.isInPlace }, new.filter { !$0.isInPlace })
    return old == new ? [] : Staleness.differences(from: old, to: new)
  }

  private mutating func manifest(_ target: TargetID) -> [ManifestEntry] {
    // Dependencies come first, so that each finds the values of its own.
    for dependency in assessor.graph.closure(of: [target]) where dependency != target { learn(dependency) }
    return assessor.walk.manifest(of: target) { known[$0] }.manifest.entries
  }

  private mutating func learn(_ target: TargetID) {
    guard known[target] == nil else { return }
    let name = assessor.graph.name(target)
    let then = set.outputs[name]
    if own.contains(name) {
      known[target] = then
      return
    }
    let trace = assessor.traces[name]
    let manifest = assessor.walk.manifest(of: target) { known[$0] }.manifest
    let situation = Situation(
      target: target, graph: assessor.graph, manifest: manifest, trace: trace, progress: [], observation: nil,
      reasons: [.neverBuilt], isForced: false, isObserved: false)
    known[target] = assessor.kinds[assessor.graph.kind(target)]?.predict(situation) ?? trace?.outputs ?? then
  }

  /// What changed for a member whose machine was made from the snapshot, now that all values are known.
  static func differences(
    _ set: SnapshotSet, _ member: SnapshotSet.Member, _ manifest: Manifest, in graph: Graph
  ) -> [StaleReason] {
    let servers = Set(set.members.map { graph.placePrefix + $0.server })
    let stacked = Set(set.members.map(\.target))
    var derived: [String: Bool] = [:]
    func isComparable(_ entry: ManifestEntry) -> Bool {
      let words = entry.key.split(separator: " ")
      guard words.count == 3, words[0] == "output" else { return !entry.isInPlace }
      let (name, key) = (String(words[1]), words[2])
      if servers.contains(name) { return ["ip", "port", "user"].contains(key) }
      if stacked.contains(name) { return false }
      if let known = derived[name] { return !known }
      // What is made of the servers' own values: `SnapshotMatch` has compared what it is made of.
      let isDerived = graph.target(named: name).map { target in
        graph.closure(of: [target]).contains { servers.contains(graph.name($0)) }
      }
      derived[name] = isDerived ?? false
      return isDerived != true
    }
    let (old, new) = (member.manifest.map(\.entry).filter(isComparable), manifest.entries.filter(isComparable))
    return old == new ? [] : Staleness.differences(from: old, to: new)
  }
}

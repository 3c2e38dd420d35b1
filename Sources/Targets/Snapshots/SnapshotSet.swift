import FoundationEssentials
package import StackMake

/// Images of servers that were made at one time, and the traces of what was stacked on them: what must be the same for a
/// machine to be made from them. Kept in the record.
package struct SnapshotSet: Codable, Sendable, Hashable {
  package struct Line: Codable, Sendable, Hashable {
    var key: String
    var value: String

    init(_ entry: ManifestEntry) { (key, value) = (entry.key, entry.value) }
    var entry: ManifestEntry { ManifestEntry(key, value) }
  }

  package struct Member: Codable, Sendable, Hashable {
    package var server: String
    /// What is stacked on it.
    package var target: String
    /// The machine that the image was made of.
    package var machine: String
    package var addresses: [String]
    /// The image that the machine was made from at first.
    package var base: String
    var manifest: [Line]
    var serverManifest: [Line]
  }

  /// Twelve hexadecimal digits that stand for the traces: the same traces are the same set.
  package var id: String
  /// Seconds since 1970.
  package var madeAt: Double
  /// In the order of the layout.
  package var members: [Member]
  /// The values of all that the members' traces were made of, by target.
  var outputs: [String: [String: String]]

  static let registerPrefix = "snapshot/"
  package var register: String { Self.registerPrefix + id }

  package func member(_ server: String) -> Member? { members.first { $0.server == server } }
  package func member(stackedAs target: String) -> Member? { members.first { $0.target == target } }

  /// `stacked/controller, stacked/compute-1`
  package var targetsText: String { members.map(\.target).joined(separator: ", ") }

  /// The sets that hold what it would: itself, and the one that all of its servers were made from.
  package var origins: Set<String> {
    let sources = Set(members.map { outputs[$0.target]?[ServerOutputs.snapshotKey] })
    return sources.count == 1 ? Set([id] + sources.compactMap(\.self)) : [id]
  }

  /// - Parameters:
  ///   - targets: stacked targets that are on record, as they stand.
  ///   - machines: by server; `bases` says what was below them where they came from a snapshot.
  package init(
    _ targets: [TargetID], in graph: Graph, _ traces: [String: Trace], machines: [String: Machine],
    bases: [String: String], at now: Double
  ) {
    members = targets.compactMap { target in
      let name = graph.name(target)
      guard let place = graph.place(target), let trace = traces[name], let machine = machines[graph[place].name],
        let server = traces[graph.placePrefix + graph[place].name]
      else { return nil }
      return Member(
        server: graph[place].name, target: name, machine: machine.id, addresses: machine.addresses,
        base: bases[graph[place].name] ?? machine.imageID, manifest: trace.manifest.map { Line($0) },
        serverManifest: server.manifest.map { Line($0) })
    }
    outputs = [:]
    for target in graph.closure(of: targets) { outputs[graph.name(target)] = traces[graph.name(target)]?.outputs }
    madeAt = now
    let texts = targets.compactMap { traces[graph.name($0)].map { "\($0.target) \($0.fingerprint) \($0.run)" } }
    id = Fingerprint(of: texts.joined(separator: "\n")).short
  }

  /// Nil where it isn't one that this version wrote.
  init?(_ text: String) {
    guard let set = try? JSONDecoder().decode(SnapshotSet.self, from: Data(text.utf8)) else { return nil }
    self = set
  }

  var text: String { JSONText.encoded(self) }
}

/// What a server's next machine is made from: on record before the machine is asked for. Pure.
package struct Restore: Codable, Sendable, Hashable {
  /// The set of the snapshot.
  package var set: String
  package var image: String
  package var addresses: [String]
  /// The image below it.
  package var base: String
  /// When the snapshot was made, in seconds since 1970.
  package var madeAt: Double
  /// The generation that it was used for; 0 where none was asked for yet.
  package var generation = 0

  package static func register(_ server: String) -> String { "restore/\(server)" }

  var source: SnapshotSource { SnapshotSource(imageID: image, addresses: addresses) }

  /// `snapshot 0123456789ab of 2 h ago`
  package func title(now: Double) -> String { "snapshot \(set) of \(AgeText.text(now - madeAt)) ago" }

  init(_ set: SnapshotSet, _ member: SnapshotSet.Member, _ snapshot: Snapshot) {
    (self.set, image, addresses, base, madeAt) = (set.id, snapshot.id, member.addresses, member.base, set.madeAt)
  }

  package init?(_ text: String) {
    guard let restore = try? JSONDecoder().decode(Restore.self, from: Data(text.utf8)) else { return nil }
    self = restore
  }

  package var text: String { JSONText.encoded(self) }

  /// What is on record for a server; nil where nothing is.
  package static func read(_ server: String, _ store: any Store) throws(StoreError) -> Restore? {
    try store.registers(prefix: register(server))[register(server)].flatMap { Restore($0) }
  }
}

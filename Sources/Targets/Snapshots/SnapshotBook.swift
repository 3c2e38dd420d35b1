package import StackMake
import Synchronization

/// The snapshots on record, and how they compare with what would be built now.
package final class SnapshotBook: Sendable {
  /// Newest first.
  package let sets: [SnapshotSet]
  private let verdicts = Mutex<[String: [String: [StaleReason]]]>([:])

  package init(_ sets: [SnapshotSet] = []) { self.sets = sets.sorted { ($1.madeAt, $1.id) < ($0.madeAt, $0.id) } }

  package convenience init(_ store: any Store) throws(StoreError) {
    self.init(try store.registers(prefix: SnapshotSet.registerPrefix).values.compactMap { SnapshotSet($0) })
  }

  package func set(_ id: String) -> SnapshotSet? { sets.first { $0.id == id } }

  /// Compares all of them with what is known before anything runs.
  package func compare(with assessor: Assessor) {
    var result: [String: [String: [StaleReason]]] = [:]
    for set in sets {
      var match = SnapshotMatch(set, assessor)
      for member in set.members { result[set.id, default: [:]][member.server] = match.differences(member) }
    }
    verdicts.withLock { $0 = result }
  }

  /// What changed since for a server of a set; nil where nobody has compared it.
  package func differences(_ set: String, _ server: String) -> [StaleReason]? {
    verdicts.withLock { $0[set]?[server] }
  }
}

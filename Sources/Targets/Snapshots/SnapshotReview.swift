package import StackMake

/// What becomes of each snapshot that the cloud has, once it is compared with what would be built now. Pure.
package struct SnapshotReview: Sendable, Hashable {
  /// Why no build would use it, by set.
  package private(set) var unneeded: [String: String] = [:]
  /// The others, newest first.
  package private(set) var usable: [String] = []

  /// - Parameter images: snapshots among what the cluster has in its cloud.
  package init(_ book: SnapshotBook, _ images: [CloudResource], in graph: Graph) {
    let named = Set(graph.places.map(\.name))
    for image in images where image.set.map({ book.set($0) == nil }) ?? true {
      unneeded[image.set ?? ""] = "nothing is on record of it"
    }
    for set in book.sets {
      let own = images.filter { $0.set == set.id }
      if own.isEmpty { continue }
      if let why = Self.why(set, own, named, book) {
        unneeded[set.id] = why
      } else if let newer = usable.first(where: { id in
        Set(set.members.map(\.server)) == Set(book.set(id)?.members.map(\.server) ?? [])
      }) {
        unneeded[set.id] = "the newer snapshot \(newer) is taken before it"
      } else {
        usable.append(set.id)
      }
    }
  }

  private static func why(
    _ set: SnapshotSet, _ images: [CloudResource], _ named: Set<String>, _ book: SnapshotBook
  ) -> String? {
    for member in set.members {
      guard named.contains(member.server) else { return "the layout doesn't name `\(member.server)`" }
      guard images.contains(where: { $0.server == member.server && $0.isWhole }) else {
        return "the image of \(member.server) is gone, or not whole"
      }
      let differences = book.differences(set.id, member.server) ?? []
      if !differences.isEmpty { return "\(member.target): \(ReasonText.text(differences))" }
    }
    return nil
  }
}

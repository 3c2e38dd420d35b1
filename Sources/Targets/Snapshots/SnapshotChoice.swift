package import StackMake

/// Which servers that get a new machine are made from a snapshot. Pure.
package struct SnapshotChoice: Sendable, Hashable {
  /// By server.
  package private(set) var restores: [String: Restore] = [:]
  /// Snapshots that servers were looked up in, in vain: why, by the set's id.
  package private(set) var unused: [String: String] = [:]

  /// What an earlier run chose, and didn't come to the end of. The set, by server.
  package struct Earlier: Sendable, Hashable {
    /// Servers that were to be made from it, and weren't.
    package var pending: [String: String] = [:]
    /// Servers that were.
    package var made: [String: String] = [:]

    package init() {}
  }

  /// - Parameters:
  ///   - images: that the cloud has.
  ///   - fresh: servers that get a new machine.
  ///   - bases: the ids of the images that they would be made from else.
  package init(
    _ book: SnapshotBook, images: [Snapshot], fresh: Set<String>, bases: [String: String], earlier: Earlier = Earlier(),
    in graph: Graph
  ) {
    for set in book.sets {
      let wanted = set.members.filter { fresh.contains($0.server) }
      // A newer snapshot of one of them counts: parts of two sets don't know each other.
      guard !wanted.isEmpty, set.members.allSatisfy({ restores[$0.server] == nil }) else { continue }
      var (usable, trouble) = Self.usable(set, wanted, images, bases, book)
      let missing = Self.settle(&usable, of: set, earlier, in: graph)
      trouble = trouble ?? missing
      for member in set.members { restores[member.server] = usable[member.target] ?? restores[member.server] }
      if usable.count < wanted.count { unused[set.id] = trouble }
    }
  }

  /// By target what can be put back, looked at alone; and why some can't.
  private static func usable(
    _ set: SnapshotSet, _ wanted: [SnapshotSet.Member], _ images: [Snapshot], _ bases: [String: String],
    _ book: SnapshotBook
  ) -> ([String: Restore], String?) {
    var usable: [String: Restore] = [:]
    var trouble: String?
    for member in wanted {
      let image = images.first { $0.tag.set == set.id && $0.tag.server == member.server }
      if let why = problem(set, member, image, bases[member.server], book) {
        trouble = trouble ?? why
      } else if let image {
        usable[member.target] = Restore(set, member, image)
      }
    }
    return (usable, trouble)
  }

  /// Nothing is put back beside something that it needs and that goes on as it is: takes out what would be, and says
  /// what one of them needs.
  private static func settle(
    _ usable: inout [String: Restore], of set: SnapshotSet, _ earlier: Earlier, in graph: Graph
  ) -> String? {
    var trouble: String?
    var isSettled = false
    while !isSettled {
      isSettled = true
      for member in set.members where usable[member.target] != nil {
        guard let target = graph.target(named: member.target) else { continue }
        let isPending = earlier.pending[member.server] == set.id
        let needs = SnapshotGroup.needs(of: target, in: graph).map { graph.name($0) }.sorted()
        let other = needs.first { need in
          let isMade = set.member(stackedAs: need).map { earlier.made[$0.server] == set.id } ?? false
          return usable[need] == nil && !(isPending && isMade)
        }
        guard let other else { continue }
        usable[member.target] = nil
        trouble = trouble ?? "\(member.target) needs \(other), which isn't made from it"
        isSettled = false
      }
    }
    return trouble
  }

  /// Why a member's image can't be used now; nil where it can.
  package static func problem(
    _ set: SnapshotSet, _ member: SnapshotSet.Member, _ image: Snapshot?, _ base: String?, _ book: SnapshotBook
  ) -> String? {
    switch image?.status {
    case nil: return "the image of \(member.server) is gone"
    case .building: return "the image of \(member.server) isn't whole"
    case .broken(let text): return "the image of \(member.server) can't be used: \(text)"
    case .active: break
    }
    if let base, base != member.base {
      return "the image below \(member.server) was \(member.base), and is \(base) now"
    }
    guard let differences = book.differences(set.id, member.server) else { return "it wasn't compared" }
    return differences.isEmpty ? nil : "\(member.target): \(ReasonText.text(differences))"
  }
}

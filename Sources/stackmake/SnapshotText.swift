import StackMake
import Targets

/// Lists snapshots, for people or as JSON.
struct SnapshotText {
  let json: Bool
  let now: Double

  func text(_ book: SnapshotBook, _ images: [CloudResource], _ review: SnapshotReview) -> String {
    let ids = Set(images.compactMap(\.set))
    let sets = book.sets.filter { ids.contains($0.id) }
    if json {
      return sets.map { JSONSnapshot($0, images, unused: review.unneeded[$0.id]).line }.joined()
        + JSONSnapshotCount(count: sets.count).line
    }
    guard !sets.isEmpty else { return "stackmake: there is no snapshot\n" }
    return sets.map { set in
      let use = review.unneeded[set.id].map { "not used: \($0)" } ?? "used where its servers get new machines"
      return "\(set.id)  \(set.targetsText)  \(AgeText.text(now - set.madeAt)) ago, \(use)\n"
    }.joined()
  }
}

/// A snapshot in `snapshot --list --json`.
private struct JSONSnapshot: JSONRecord {
  var version = jsonVersion
  var type = "snapshot"
  var snapshot: String
  var targets: [String]
  /// Ids, as the cloud has them.
  var images: [String]
  /// Seconds since 1970.
  var madeAt: Double
  /// Why no build would use it; nil where one would.
  var unused: String?

  init(_ set: SnapshotSet, _ images: [CloudResource], unused: String?) {
    snapshot = set.id
    targets = set.members.map(\.target)
    self.images = images.filter { $0.set == set.id }.map(\.id)
    madeAt = set.madeAt
    self.unused = unused
  }

  enum CodingKeys: String, CodingKey {
    case version, type, snapshot, targets, images, unused
    case madeAt = "made-at"
  }
}

/// The last line of `snapshot --list --json`: how many there are.
private struct JSONSnapshotCount: JSONRecord {
  var version = jsonVersion
  var type = "snapshots"
  var count: Int
}

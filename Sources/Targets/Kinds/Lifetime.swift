import FoundationEssentials
import StackMake

/// How long a cluster is meant to be there: the variable `expire`. Pure.
package struct Lifetime: Sendable, Hashable {
  /// As the Stackfile says it.
  package let text: String
  package let seconds: Double

  /// `90s`, `45m`, `12h`, `3d`, `2w`: a whole number from 1, at most 100 years; nil for anything else.
  package init?(_ text: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let unit = text.last.flatMap({ units[$0] }), (2...10).contains(text.utf8.count),
      text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Double(text.dropLast()),
      number >= 1, number * unit <= 100 * 365 * 86_400
    else { return nil }
    self.text = text
    seconds = number * unit
  }
}

/// When a cluster ends, as its servers say it. Pure.
package enum ClusterEnd {
  /// The latest end of these machines, in seconds since 1970. Nil where one of them has none: it keeps the cluster.
  package static func of(_ ends: [Double?]) -> Double? {
    var latest: Double?
    for end in ends {
      guard let end else { return nil }
      latest = max(latest ?? end, end)
    }
    return latest
  }

  /// When a cluster began whose servers get an end now: what is on record, as long as anything of it stands.
  ///
  /// - Parameters:
  ///   - recorded: when it began, by its record.
  ///   - created: when those of its machines were made that stand.
  package static func beginning(recorded: Double?, created: [Double], now: Double) -> Double {
    guard !created.isEmpty else { return now }
    return recorded ?? created.filter { $0 > 0 }.min() ?? now
  }

  /// `2026-12-01T12:00:00Z`: as it is written into a server's metadata.
  package static func stamp(_ seconds: Double) -> String {
    Date(timeIntervalSince1970: seconds.rounded(.up)).formatted(.iso8601)
  }

  /// `ends in 2 d 03 h, at 2026-12-01T12:00:00Z`
  package static func text(_ end: Double, now: Double) -> String {
    end > now
      ? "ends in \(DurationText.text(end - now)), at \(stamp(end))"
      : "ended \(DurationText.text(now - end)) ago, at \(stamp(end))"
  }
}

/// Clusters of a cloud that are past their end, of all machines that stackmake made there. Pure.
package struct ExpiredCluster: Sendable, Hashable {
  package var id: String
  /// What the names of its servers begin with.
  package var name: String
  package var end: Double
  /// By name.
  package var machines: [Machine]

  /// Sorted by end, the longest over first. A cluster is past its end when all of its machines are.
  package static func all(_ machines: [Machine], now: Double) -> [ExpiredCluster] {
    Dictionary(grouping: machines, by: \.tag.cluster).compactMap { id, members in
      guard let end = ClusterEnd.of(members.map(\.expiresAt)), end <= now else { return nil }
      let sorted = members.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
      let (first, server) = (sorted[0].name, sorted[0].tag.server)
      let name = first.hasSuffix("-\(server)") ? String(first.dropLast(server.count + 1)) : first
      return ExpiredCluster(id: id, name: name, end: end, machines: sorted)
    }.sorted { ($0.end, $0.id) < ($1.end, $1.id) }
  }
}

/// What a run did on each server.
package struct ServerWork: Sendable, Hashable {
  package struct Row: Sendable, Hashable {
    package var server: String
    package var built: Int
    /// Targets that failed or were interrupted, in the order in which they ended.
    package var failed: [String]
    /// While at least one target of it ran.
    package var seconds: Double
    /// The target that took longest.
    package var longest: String
    package var longestSeconds: Double

    package init(
      server: String, built: Int, failed: [String], seconds: Double, longest: String, longestSeconds: Double
    ) {
      (self.server, self.built, self.failed) = (server, built, failed)
      (self.seconds, self.longest, self.longestSeconds) = (seconds, longest, longestSeconds)
    }
  }

  private struct Work: Sendable, Hashable {
    var row: Row
    var spans: [ClosedRange<Double>] = []
  }
  private var work: [PlaceID: Work] = [:]

  package init() {}

  /// A target came to its end; those of no server aren't counted.
  package mutating func add(_ outcome: Outcome, _ graph: Graph, _ target: TargetID, endedAt: Double, seconds: Double) {
    guard let place = graph.place(target) else { return }
    let name = graph.name(target)
    var known =
      work[place]
      ?? Work(
        row: Row(server: graph[place].name, built: 0, failed: [], seconds: 0, longest: name, longestSeconds: seconds))
    if outcome == .built { known.row.built += 1 } else { known.row.failed.append(name) }
    if seconds > known.row.longestSeconds { (known.row.longest, known.row.longestSeconds) = (name, seconds) }
    known.spans.append((endedAt - max(0, seconds))...endedAt)
    work[place] = known
  }

  package var rows: [Row] {
    work.sorted { $0.key < $1.key }.map { _, work in
      var row = work.row
      row.seconds = Self.covered(work.spans)
      return row
    }
  }

  /// How much of the time line the spans cover together.
  static func covered(_ spans: [ClosedRange<Double>]) -> Double {
    var sum = 0.0
    var end = -Double.infinity
    for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) where span.upperBound > end {
      sum += span.upperBound - max(end, span.lowerBound)
      end = span.upperBound
    }
    return sum
  }
}

/// The table at the end of a run on several servers.
package enum ServerTable {
  /// Nothing where there is one server or none.
  package static func lines(_ rows: [ServerWork.Row]) -> [String] {
    guard rows.count > 1 else { return [] }
    let cells =
      [["server", "built", "failed", "took", "longest"]]
      + rows.map { row in
        [
          row.server, "\(row.built)", row.failed.isEmpty ? "" : "\(row.failed.count)", DurationText.text(row.seconds),
          "\(row.longest), \(DurationText.text(row.longestSeconds))",
        ]
      }
    let widths = (0..<5).map { column in cells.map { DisplayText.width($0[column]) }.max() ?? 0 }
    return cells.enumerated().map { number, row in
      var parts: [String] = []
      for (column, text) in row.enumerated() {
        let isNumber = (1...3).contains(column)
        let space = String(repeating: " ", count: widths[column] - DisplayText.width(text))
        parts.append(isNumber ? space + text : text + space)
      }
      if number > 0, !rows[number - 1].failed.isEmpty {
        parts.append("failed: \(rows[number - 1].failed.joined(separator: ", "))")
      }
      var line = parts.joined(separator: "  ")
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }
}

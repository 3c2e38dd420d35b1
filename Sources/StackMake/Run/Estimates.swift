/// How long each target is expected to take, for who goes first: from its own history, else from that of the targets
/// of the same rule, else of its kind, else what its kind says.
package struct Estimates: Sendable {
  private let graph: Graph
  private let own: [String: Double]
  private let byRule: [SourceLocation: Double]
  private let byKind: [String: Double]
  private let guesses: [String: Double]

  /// - Parameters:
  ///   - history: seconds of a target by its name, as the record tells them.
  ///   - guesses: seconds by kind, where nothing was ever built.
  package init(graph: Graph, history: [String: Double], guesses: [String: Double] = [:]) {
    self.graph = graph
    self.guesses = guesses
    own = history
    guard !history.isEmpty else {
      (byRule, byKind) = ([:], [:])
      return
    }
    var rules: [SourceLocation: [Double]] = [:]
    var kinds: [String: [Double]] = [:]
    for (name, seconds) in history {
      guard let target = graph.target(named: name) else { continue }
      rules[graph.location(target), default: []].append(seconds)
      kinds[graph.kind(target), default: []].append(seconds)
    }
    byRule = rules.mapValues { Self.median($0) }
    byKind = kinds.mapValues { Self.median($0) }
  }

  package func seconds(_ target: TargetID) -> Double { known(target) ?? guesses[graph.kind(target)] ?? 1 }

  /// From what was built before; nil where nothing like it was.
  package func known(_ target: TargetID) -> Double? {
    guard !own.isEmpty else { return nil }
    return own[graph.name(target)] ?? byRule[graph.location(target)] ?? byKind[graph.kind(target)]
  }

  /// One that took long for once counts no more than any other. 0 of none.
  package static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}

/// A graph with what is known of each target, to be shown: pure values, in the order of the graph.
package struct GraphView: Sendable, Hashable {
  package struct Node: Sendable, Hashable {
    package var name: String
    package var kind: String
    /// `fresh`, `stale`, `locked`, `failed`, `running` or `unknown`.
    package var state: String
    /// Why, as one clause; "" where there is nothing to say.
    package var why: String

    package init(name: String, kind: String, state: String, why: String = "") {
      (self.name, self.kind, self.state, self.why) = (name, kind, state, why)
    }
  }

  package struct Edge: Sendable, Hashable {
    /// Indexes of nodes: the dependency, and what depends on it.
    package var from: Int
    package var to: Int
    package var isOrderOnly: Bool

    package init(from: Int, to: Int, isOrderOnly: Bool = false) {
      (self.from, self.to, self.isOrderOnly) = (from, to, isOrderOnly)
    }
  }

  package var nodes: [Node]
  /// Ordered by what depends, then by the dependency.
  package var edges: [Edge]

  package init(nodes: [Node], edges: [Edge]) {
    self.nodes = nodes
    self.edges = edges
  }

  /// - Parameter nodes: one for each of `targets`, which come in the graph's order; edges to others are left out.
  package init(_ graph: Graph, _ targets: [TargetID], nodes: [Node]) {
    let index = Dictionary(uniqueKeysWithValues: targets.enumerated().map { ($1, $0) })
    var edges: [Edge] = []
    for (to, target) in targets.enumerated() {
      let counted = graph.dependencies(target, for: .staleness).count
      for (number, dependency) in graph.dependencies(target, for: .order).enumerated() {
        guard let from = index[dependency] else { continue }
        edges.append(Edge(from: from, to: to, isOrderOnly: number >= counted))
      }
    }
    self.init(nodes: nodes, edges: edges)
  }

  /// The states, in the order in which a legend says them.
  package static let states = ["fresh", "stale", "running", "failed", "locked", "unknown"]

  /// Those edges that no longer way implies: what a picture needs to show the order.
  package var reduced: [Edge] {
    let words = (nodes.count + 63) / 64
    // For each node all that it stands on, as bits. Dependencies come first in the graph's order.
    var below = [[UInt64]](repeating: [UInt64](repeating: 0, count: words), count: nodes.count)
    let incoming = Dictionary(grouping: edges, by: \.to)
    var kept: [Edge] = []
    for node in nodes.indices {
      let own = incoming[node] ?? []
      for edge in own {
        for word in 0..<words { below[node][word] |= below[edge.from][word] }
      }
      kept += own.filter { below[node][$0.from / 64] & (1 << UInt64($0.from % 64)) == 0 }
      for edge in own { below[node][edge.from / 64] |= 1 << UInt64(edge.from % 64) }
    }
    return kept
  }
}

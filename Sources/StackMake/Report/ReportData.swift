/// All that the page of `report` shows. Pure values; the page's script reads these keys.
package struct ReportData: JSONRecord {
  package struct Target: Encodable, Sendable {
    package var name: String
    package var kind: String
    package var state: String
    package var why: String
    package var server: String?
    /// The end of its last log; nil where it has none.
    package var log: String?
    package var x: Int
    package var y: Int
    package var width: Int
  }
  package struct Line: Encodable, Sendable {
    package var from: Int
    package var to: Int
    package var order: Bool
    /// As SVG says it.
    package var path: String
  }
  package struct Step: Encodable, Sendable {
    package var number: Int
    package var text: String
    package var place: String
    package var startedAt: Double
    package var seconds: Double?
  }
  package struct TurnRow: Encodable, Sendable {
    package var target: String
    package var startedAt: Double
    package var endedAt: Double
    package var outcome: String
    package var reasons: [String]
    package var cause: String?
    package var steps: [Step]
  }
  package struct RequestRow: Encodable, Sendable {
    package var method: String
    package var host: String
    package var path: String
    package var status: Int
    package var count: Int
    package var seconds: Double
  }
  package struct RunRow: Encodable, Sendable {
    package var id: Int64
    package var command: String
    package var startedAt: Double
    package var endedAt: Double?
    package var status: Int32?
    package var turns: [TurnRow]
    package var requests: [RequestRow]
    /// Names of the targets of the critical path, first to last.
    package var critical: [String]
  }

  package var version = jsonVersion
  package var type = "report"
  package var cluster: String
  package var madeAt: Double
  package var width: Int
  package var height: Int
  package var boxHeight = LayeredLayout.boxHeight
  package var targets: [Target]
  package var lines: [Line]
  /// Newest first.
  package var runs: [RunRow]

  /// - Parameters:
  ///   - servers: the name of each node's server.
  ///   - log: the end of a target's last log.
  package init(
    cluster: String, madeAt: Double, view: GraphView, servers: [String?], runs: [RunRow], log: (String) -> String?
  ) {
    let edges = view.reduced
    let layout = LayeredLayout(
      widths: view.nodes.map { GraphSVG.width(GraphSVG.shown($0.name)) },
      edges: edges.map { (from: $0.from, to: $0.to) })
    (self.cluster, self.madeAt, self.runs) = (cluster, madeAt, runs)
    (width, height) = (layout.width, layout.height)
    targets = view.nodes.indices.map { i in
      let (node, box) = (view.nodes[i], layout.boxes[i])
      return Target(
        name: node.name, kind: node.kind, state: node.state, why: node.why, server: servers[i], log: log(node.name),
        x: box.x, y: box.y, width: box.width)
    }
    lines = zip(edges, layout.lines).map { edge, points in
      Line(from: edge.from, to: edge.to, order: edge.isOrderOnly, path: GraphSVG.path(points))
    }
  }
}

extension ReportData.RunRow {
  package init(
    _ run: Run, turns: [Turn], requests: [RequestCount], dependencies: (String) -> [String]
  ) {
    self.init(
      id: run.id, command: run.command, startedAt: run.startedAt, endedAt: run.endedAt, status: run.status,
      turns: turns.map { turn in
        ReportData.TurnRow(
          target: turn.target, startedAt: turn.startedAt, endedAt: turn.endedAt, outcome: turn.outcome,
          reasons: turn.reasons, cause: turn.cause,
          steps: turn.steps.map {
            ReportData.Step(
              number: $0.number, text: $0.text, place: $0.place, startedAt: $0.startedAt, seconds: $0.seconds)
          })
      },
      requests: requests.map {
        ReportData.RequestRow(
          method: $0.method, host: $0.host, path: $0.path, status: $0.status, count: $0.count, seconds: $0.seconds)
      },
      critical: CriticalPath.targets(of: turns, dependencies: dependencies))
  }
}

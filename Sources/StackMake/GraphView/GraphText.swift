/// A graph as text for other programs.
package enum GraphText {
  /// For Graphviz.
  package static func dot(_ view: GraphView) -> String {
    var lines = [
      "digraph stackmake {", "  rankdir=LR;",
      #"  node [shape=box style="rounded,filled" fontname="monospace" fontcolor="black"];"#,
    ]
    for node in view.nodes {
      let tip = node.why.isEmpty ? node.state : "\(node.state): \(node.why)"
      lines.append("  \(quoted(node.name)) [fillcolor=\(quoted(fill(node.state))) tooltip=\(quoted(tip))];")
    }
    for edge in view.edges {
      let style = edge.isOrderOnly ? " [style=dashed]" : ""
      lines.append("  \(quoted(view.nodes[edge.from].name)) -> \(quoted(view.nodes[edge.to].name))\(style);")
    }
    return lines.joined(separator: "\n") + "\n}\n"
  }

  /// For Mermaid, as pages of projects show it.
  package static func mermaid(_ view: GraphView) -> String {
    var lines = ["flowchart LR"]
    for (number, node) in view.nodes.enumerated() {
      // A number stands for the node: names hold what Mermaid takes for its own.
      lines.append("  t\(number)[\"\(entities(node.name))\"]:::\(node.state)")
    }
    for edge in view.edges { lines.append("  t\(edge.from) \(edge.isOrderOnly ? "-.->" : "-->") t\(edge.to)") }
    let present = Set(view.nodes.map(\.state))
    for state in GraphView.states where present.contains(state) {
      lines.append("  classDef \(state) fill:\(fill(state)),stroke:#555,color:#000")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One object on a line.
  package static func json(_ view: GraphView) -> String {
    GraphRecord(
      targets: view.nodes.map {
        GraphRecord.Target(target: $0.name, kind: $0.kind, state: $0.state, why: $0.why.isEmpty ? nil : $0.why)
      },
      dependencies: view.edges.map {
        GraphRecord.Dependency(
          target: view.nodes[$0.to].name, dependency: view.nodes[$0.from].name, orderOnly: $0.isOrderOnly)
      }
    ).line
  }

  /// Light enough for black text.
  static func fill(_ state: String) -> String {
    switch state {
    case "fresh": "#b7e4c7"
    case "stale": "#ffe08a"
    case "running": "#9fd0ff"
    case "failed": "#ffb3b3"
    case "locked": "#e3b8ff"
    default: "#dddddd"
    }
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }

  private static func entities(_ text: String) -> String {
    text.replacing("&", with: "#amp;").replacing("\"", with: "#quot;").replacing("<", with: "#lt;")
      .replacing(">", with: "#gt;")
  }
}

/// `graph --json`
private struct GraphRecord: JSONRecord {
  struct Target: Encodable, Sendable {
    var target: String
    var kind: String
    var state: String
    var why: String?
  }
  struct Dependency: Encodable, Sendable {
    var target: String
    var dependency: String
    var orderOnly: Bool

    enum CodingKeys: String, CodingKey {
      case target, dependency
      case orderOnly = "order-only"
    }
  }

  var version = jsonVersion
  var type = "graph"
  var targets: [Target]
  var dependencies: [Dependency]
}

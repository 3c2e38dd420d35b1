/// A graph as a picture of its own: no outside program, no script, light or dark as its reader is.
package enum GraphSVG {
  private static let margin = 16
  /// A column of the monospace font at 12 pixels, in tenths.
  private static let tenthsOfColumn = 73
  private static let longestName = 48

  package static func text(_ view: GraphView) -> String {
    let names = view.nodes.map { shown($0.name) }
    let edges = view.reduced
    let layout = LayeredLayout(widths: names.map(width), edges: edges.map { (from: $0.from, to: $0.to) })
    let present = GraphView.states.filter { state in view.nodes.contains { $0.state == state } }
    let legend = present.map { state in (state, "\(view.nodes.count { $0.state == state }) \(state)") }
    let legendWidth = legend.reduce(0) { $0 + width($1.1) + 12 }
    let wide = max(layout.width, legendWidth) + 2 * margin
    let high = layout.height + 2 * margin + (legend.isEmpty ? 0 : LayeredLayout.boxHeight + margin)
    var lines = [
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(wide) \#(high)" width="\#(wide)" height="\#(high)" role="img">"#,
      "<title>\(view.nodes.count) targets</title>", "<style>\(style)</style>",
      #"<rect class="paper" width="\#(wide)" height="\#(high)"/>"#,
      #"<g transform="translate(\#(margin) \#(margin))">"#,
    ]
    for (edge, points) in zip(edges, layout.lines) {
      let way = path(points)
      lines.append(#"<path class="line\#(edge.isOrderOnly ? " order" : "")" d="\#(way)"/>"#)
    }
    for ((node, name), box) in zip(zip(view.nodes, names), layout.boxes) {
      let tip = node.why.isEmpty ? "\(node.name): \(node.state)" : "\(node.name): \(node.state): \(node.why)"
      lines.append(Self.box(name, state: node.state, tip: tip, x: box.x, y: box.y, width: box.width))
    }
    var x = 0
    for (state, text) in legend {
      let width = width(text)
      lines.append(box(text, state: state, tip: state, x: x, y: layout.height + margin, width: width))
      x += width + 12
    }
    return lines.joined(separator: "\n") + "\n</g>\n</svg>\n"
  }

  /// Flat where it leaves and where it arrives.
  static func path(_ points: [LayeredLayout.Point]) -> String {
    guard let first = points.first else { return "" }
    var text = "M\(first.x) \(first.y)"
    for (a, b) in zip(points, points.dropFirst()) {
      let middle = (a.x + b.x) / 2
      text += a.y == b.y ? "H\(b.x)" : "C\(middle) \(a.y) \(middle) \(b.y) \(b.x) \(b.y)"
    }
    return text
  }

  /// The width of the box of a name.
  package static func width(_ name: String) -> Int { (DisplayWidth.columns(of: name) * tenthsOfColumn + 9) / 10 + 16 }

  /// A name that is too long is cut in its middle: both ends tell names apart.
  package static func shown(_ name: String) -> String {
    guard name.count > longestName else { return name }
    return "\(name.prefix(longestName / 2))…\(name.suffix(longestName / 2 - 1))"
  }

  private static func box(_ text: String, state: String, tip: String, x: Int, y: Int, width: Int) -> String {
    let corner = #"x="\#(x)" y="\#(y)" width="\#(width)" height="\#(LayeredLayout.boxHeight)""#
    let length = width - 16
    return #"<g class="\#(state)"><title>\#(escaped(tip))</title><rect \#(corner) rx="5"/>"#
      + #"<text x="\#(x + 8)" y="\#(y + 16)" textLength="\#(length)" lengthAdjust="spacingAndGlyphs">"#
      + "\(escaped(text))</text></g>"
  }

  /// What XML doesn't allow in text is escaped; control characters, which it has no way to say, are left out.
  static func escaped(_ text: String) -> String {
    DisplayText.clean(text.replacing("\n", with: " ")).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }

  private static var style: String {
    let light = GraphView.states.map { ".\($0) rect{fill:\(GraphText.fill($0))}" }.joined()
    let dark = GraphView.states.map { ".\($0) rect{fill:\(darkFill($0))}" }.joined()
    return """
      .paper{fill:#fff}text{font:12px monospace;fill:#111}rect{stroke:#555}.paper{stroke:none}\
      .line{fill:none;stroke:#777}.order{stroke-dasharray:4 3}\(light)\
      @media(prefers-color-scheme:dark){.paper{fill:#16181d}text{fill:#eee}rect{stroke:#999}.paper{stroke:none}\
      .line{stroke:#888}\(dark)}
      """
  }

  private static func darkFill(_ state: String) -> String {
    switch state {
    case "fresh": "#1f5136"
    case "stale": "#6b5200"
    case "running": "#1b4b7a"
    case "failed": "#7a2323"
    case "locked": "#56307a"
    default: "#3a3d44"
    }
  }
}

import Support
import Testing

@testable import StackMake

@Suite struct GraphViewTests {
  static let view = GraphView(
    nodes: [
      .init(name: "layout", kind: "layout", state: "fresh"),
      .init(name: "server/a", kind: "server", state: "stale", why: "never \"built\""),
      .init(name: "server/b", kind: "server", state: "failed", why: "a < b"),
      .init(name: "all", kind: "task", state: "unknown"),
    ],
    edges: [
      .init(from: 0, to: 1), .init(from: 0, to: 2), .init(from: 0, to: 3), .init(from: 1, to: 3),
      .init(from: 2, to: 3, isOrderOnly: true),
    ])

  @Test func dot() {
    #expect(
      GraphText.dot(Self.view) == #"""
        digraph stackmake {
          rankdir=LR;
          node [shape=box style="rounded,filled" fontname="monospace" fontcolor="black"];
          "layout" [fillcolor="#b7e4c7" tooltip="fresh"];
          "server/a" [fillcolor="#ffe08a" tooltip="stale: never \"built\""];
          "server/b" [fillcolor="#ffb3b3" tooltip="failed: a < b"];
          "all" [fillcolor="#dddddd" tooltip="unknown"];
          "layout" -> "server/a";
          "layout" -> "server/b";
          "layout" -> "all";
          "server/a" -> "all";
          "server/b" -> "all" [style=dashed];
        }

        """#)
  }

  @Test func mermaid() {
    #expect(
      GraphText.mermaid(Self.view) == """
        flowchart LR
          t0["layout"]:::fresh
          t1["server/a"]:::stale
          t2["server/b"]:::failed
          t3["all"]:::unknown
          t0 --> t1
          t0 --> t2
          t0 --> t3
          t1 --> t3
          t2 -.-> t3
          classDef fresh fill:#b7e4c7,stroke:#555,color:#000
          classDef stale fill:#ffe08a,stroke:#555,color:#000
          classDef failed fill:#ffb3b3,stroke:#555,color:#000
          classDef unknown fill:#dddddd,stroke:#555,color:#000

        """)
  }

  @Test func json() {
    let view = GraphView(nodes: Array(Self.view.nodes.prefix(2)), edges: [Self.view.edges[0]])
    #expect(
      GraphText.json(view)
        == #"{"dependencies":[{"dependency":"layout","order-only":false,"target":"server/a"}],"targets":["#
        + #"{"kind":"layout","state":"fresh","target":"layout"},"#
        + #"{"kind":"server","state":"stale","target":"server/a","why":"never \"built\""}],"#
        + #""type":"graph","version":1}"# + "\n")
  }

  @Test func svgBody() {
    let text = GraphSVG.text(Self.view)
    let body = text.split(separator: "\n").dropFirst(4)
    #expect(
      body.joined(separator: "\n") == """
        <g transform="translate(16 16)">
        <path class="line" d="M60 30C88 30 88 12 116 12"/>
        <path class="line" d="M60 30C88 30 88 48 116 48"/>
        <path class="line" d="M191 12C219 12 219 30 247 30"/>
        <path class="line order" d="M191 48C219 48 219 30 247 30"/>
        <g class="fresh"><title>layout: fresh</title><rect x="0" y="18" width="60" height="24" rx="5"/>\
        <text x="8" y="34" textLength="44" lengthAdjust="spacingAndGlyphs">layout</text></g>
        <g class="stale"><title>server/a: stale: never &quot;built&quot;</title>\
        <rect x="116" y="0" width="75" height="24" rx="5"/>\
        <text x="124" y="16" textLength="59" lengthAdjust="spacingAndGlyphs">server/a</text></g>
        <g class="failed"><title>server/b: failed: a &lt; b</title>\
        <rect x="116" y="36" width="75" height="24" rx="5"/>\
        <text x="124" y="52" textLength="59" lengthAdjust="spacingAndGlyphs">server/b</text></g>
        <g class="unknown"><title>all: unknown</title><rect x="247" y="18" width="38" height="24" rx="5"/>\
        <text x="255" y="34" textLength="22" lengthAdjust="spacingAndGlyphs">all</text></g>
        <g class="fresh"><title>fresh</title><rect x="0" y="76" width="68" height="24" rx="5"/>\
        <text x="8" y="92" textLength="52" lengthAdjust="spacingAndGlyphs">1 fresh</text></g>
        <g class="stale"><title>stale</title><rect x="80" y="76" width="68" height="24" rx="5"/>\
        <text x="88" y="92" textLength="52" lengthAdjust="spacingAndGlyphs">1 stale</text></g>
        <g class="failed"><title>failed</title><rect x="160" y="76" width="75" height="24" rx="5"/>\
        <text x="168" y="92" textLength="59" lengthAdjust="spacingAndGlyphs">1 failed</text></g>
        <g class="unknown"><title>unknown</title><rect x="247" y="76" width="82" height="24" rx="5"/>\
        <text x="255" y="92" textLength="66" lengthAdjust="spacingAndGlyphs">1 unknown</text></g>
        </g>
        </svg>
        """)
    #expect(text.contains("@media(prefers-color-scheme:dark)"))
  }

  @Test func leavesOutWhatALongerWayImplies() {
    #expect(Self.view.reduced == [0, 1, 3, 4].map { Self.view.edges[$0] })
  }

  @Test func cutsALongNameInItsMiddle() {
    let name = GraphSVG.shown("stacked/" + String(repeating: "x", count: 80) + "-17")
    #expect(name.count == 48)
    #expect(name.hasPrefix("stacked/x") && name.hasSuffix("x-17"))
  }

  @Test func anEmptyGraphIsAPicture() {
    #expect(GraphSVG.text(GraphView(nodes: [], edges: [])).contains("<title>0 targets</title>"))
  }
}

@Suite struct LayeredLayoutTests {
  /// No two boxes meet, each stands right of what it depends on, and lines go from one to the other, always rightwards.
  @Test(arguments: 1...20) func standsInColumns(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let count = Int.random(in: 1...60, using: &random)
    var edges: [(from: Int, to: Int)] = []
    for to in 1..<max(2, count) where count > 1 {
      for from in Set((0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0..<to, using: &random) })
        .sorted()
      { edges.append((from, to)) }
    }
    let widths = (0..<count).map { _ in Int.random(in: 20...200, using: &random) }
    let layout = LayeredLayout(widths: widths, edges: edges)
    for (i, a) in layout.boxes.enumerated() {
      #expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= layout.width && a.y + LayeredLayout.boxHeight <= layout.height)
      for b in layout.boxes[..<i] {
        let apart =
          a.x + a.width <= b.x || b.x + b.width <= a.x || abs(a.y - b.y) >= LayeredLayout.boxHeight
        #expect(apart, "\(a) \(b)")
      }
    }
    for (edge, points) in zip(edges, layout.lines) {
      let (from, to) = (layout.boxes[edge.from], layout.boxes[edge.to])
      #expect(from.x + from.width < to.x)
      #expect(points.first == .init(x: from.x + from.width, y: from.y + LayeredLayout.boxHeight / 2))
      #expect(points.last == .init(x: to.x, y: to.y + LayeredLayout.boxHeight / 2))
      #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x })
      for (a, b) in zip(points, points.dropFirst()) where a.y == b.y {
        // A level stretch runs through no box.
        for box in layout.boxes where box.x < b.x && a.x < box.x + box.width && box != from && box != to {
          #expect(a.y < box.y || a.y > box.y + LayeredLayout.boxHeight, "\(a) \(b) \(box)")
        }
      }
    }
    #expect(layout == LayeredLayout(widths: widths, edges: edges))
  }

  @Test func untangles() {
    // Two ladders whose rungs would cross in the order in which they are written.
    let layout = LayeredLayout(widths: [10, 10, 10, 10], edges: [(from: 0, to: 3), (from: 1, to: 2)])
    #expect((layout.boxes[0].y < layout.boxes[1].y) == (layout.boxes[3].y < layout.boxes[2].y))
  }
}

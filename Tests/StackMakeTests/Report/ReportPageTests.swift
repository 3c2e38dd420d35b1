import Foundation
import Support
import Testing

@testable import StackMake

@Suite struct ReportPageTests {
  private static func turn(_ target: String, _ from: Double, _ to: Double) -> Turn {
    Turn(run: 1, target: target, startedAt: from, endedAt: to, outcome: "built")
  }

  private static let dependencies: [String: [String]] = ["b": ["a"], "c": ["a"], "d": ["b", "c", "e"]]

  @Test(
    arguments: [
      ([turn("a", 0, 5), turn("b", 5, 7), turn("c", 5, 9), turn("d", 9, 10)], ["a", "c", "d"]),
      ([turn("d", 1, 2)], ["d"]), ([], []), ([turn("a", 3, 3)], []),
      ([turn("a", 0, 1), turn("e", 0, 4), turn("d", 4, 5)], ["e", "d"]),
    ] as [([Turn], [String])])
  func criticalPath(turns: [Turn], path: [String]) {
    #expect(CriticalPath.targets(of: turns) { Self.dependencies[$0] ?? [] } == path)
  }

  @Test func holdsAllAndNothingThatEndsTheData() throws {
    let view = GraphView(
      nodes: [
        .init(name: "a", kind: "task", state: "fresh"), .init(name: "b", kind: "task", state: "stale", why: "S3"),
      ],
      edges: [.init(from: 0, to: 1)])
    let run = ReportData.RunRow(
      Run(id: 1, command: "-k", startedAt: 1, endedAt: 9, status: 0), turns: [Self.turn("a", 1, 4)],
      requests: [RequestCount(method: "GET", host: "h", path: "/x", status: 200, count: 2, seconds: 1)],
      dependencies: { _ in [] })
    let data = ReportData(
      cluster: "a<b", madeAt: 10, view: view, servers: [nil, "web"], runs: [run],
      log: { $0 == "a" ? "</script><script>alert(1)" : nil })
    let page = ReportPage(
      page:
        "<title>{{title}}</title>{{style-digest}}|{{script-digest}}|<style>{{style}}</style>{{script}}|{{data}}|end",
      style: "x{}", script: "let y = '{{data}}'")
    let text = page.text(data, redactor: Redactor(secrets: ["S3"]))
    #expect(text.hasPrefix("<title>a&lt;b</title>'sha256-"))
    #expect(text.contains("<style>x{}</style>let y = '{{data}}'|{"))
    #expect(text.hasSuffix("}\n|end"))
    #expect(!text.contains("S3") && !text.contains("</script>"))
    let json = text.split(separator: "|")[3]
    struct Page: Decodable {
      struct Target: Decodable {
        var name: String
        var log: String?
        var server: String?
        var x: Int
      }
      struct Run: Decodable { var critical: [String] }
      var targets: [Target]
      var runs: [Run]
    }
    let read = try JSONDecoder().decode(Page.self, from: Data(json.utf8))
    #expect(read.targets.map(\.name) == ["a", "b"])
    #expect(read.targets[0].log == "</script><script>alert(1)")
    #expect(read.targets[1].server == "web" && read.targets[1].x > read.targets[0].x)
    #expect(read.runs.map(\.critical) == [["a"]])
  }
}

@Suite struct ReasonDetailTests {
  private static let long = String(repeating: "x", count: 70)
  private static func put(_ text: String) -> String { "sha256:\(Fingerprint(of: text).hexadecimal) mode=0644" }

  private static let detail = ReasonDetail(
    before: { $0 == Fingerprint(of: "old\r\n") ? "old\r\n" : nil },
    now: { $0 == Fingerprint(of: "old\n") ? "old\n" : nil })

  @Test(
    arguments: [
      (.neverBuilt, []),
      (.changed(key: "setting flavor", old: "a", new: "b"), []),
      (.changed(key: "setting flavor", old: long, new: "b"), ["old: \(long)", "new: b"]),
      (.changed(key: "step 1", old: "echo a", new: "echo b"), []),
      (.changed(key: "file f", old: put("old\n"), new: put("old\n").replacing("644", with: "600")), []),
      (.changed(key: "file f", old: put("gone"), new: put("old\n")), ["its text as it was built wasn't kept"]),
      (
        .changed(key: "file f", old: put("old\r\n"), new: put("binary")),
        ["it is no text, or too long: its bytes aren't compared"]
      ),
      (
        .changed(key: "file f", old: put("old\r\n"), new: put("old\n")),
        [
          "from byte 3 on (line 1, column 4):", "--- f as built", "+++ f now", "@@ -1 +1 @@", "-old^M", "+old",
        ]
      ),
      (.failedBefore(message: "status 1\nlast\u{7}"), ["status 1", "last^G"]),
    ] as [(StaleReason, [String])])
  func lines(reason: StaleReason, expected: [String]) {
    #expect(Self.detail.lines(reason) == expected)
  }
}

@Suite struct ActCostTests {
  @Test func countsTheLongestWayMachinesAndWhatFollows() async throws {
    let world = EngineWorld()
    let text = """
      v = 1
      layout:
          a
      stacked/%: server/%
          once stack {{ v }}
      one: stacked/a
          x {{ v }}
      two: one
          y
      apart: | two
          z
      """
    try await world.build(text)
    let graph = try world.graph(text.replacing("v = 1", with: "v = 2"))
    let goal = try #require(graph.target(named: "stacked/a"))
    let plan = try await world.assessor(graph, Array(graph.targets)).plan(Array(graph.targets))
    let cost = ActCost(of: goal, plan, graph, seconds: ["stacked/a": 600])
    #expect(cost.builds == ["stacked/a"])
    #expect(cost.machines == ["a"])
    #expect(cost.following == ["one", "two"])
    #expect(
      cost.lines("stacked/a") == [
        "to bring stacked/a up to date: 1 target in about 10 min 00 s", "  given up, with all that is on it: a",
        "  may be stale after it: one, two",
      ])
    let unknown = ActCost(of: goal, plan, graph, seconds: [:])
    #expect(unknown.lines("x").first == "to bring x up to date: 1 target in a time that isn't known yet")
  }
}

import Support
import Testing

@testable import StackMake

@Suite struct ServerTableTests {
  @Test func table() {
    let rows: [ServerWork.Row] = [
      .init(server: "web-1", built: 3, failed: [], seconds: 125, longest: "stacked/web-1", longestSeconds: 65),
      .init(
        server: "database", built: 12, failed: ["checked/database"], seconds: 9.5, longest: "server/database",
        longestSeconds: 4),
    ]
    #expect(
      ServerTable.lines(rows).joined(separator: "\n") == """
        server    built  failed        took  longest
        web-1         3          2 min 05 s  stacked/web-1, 1 min 05 s
        database     12       1       9.5 s  server/database, 4.0 s     failed: checked/database
        """)
    #expect(ServerTable.lines([rows[0]]).isEmpty)
  }

  @Test(
    arguments: [([0.0...2.0, 1.0...3.0, 5.0...6.0], 4.0), ([], 0), ([0...9, 1...2], 9)]
      as [([ClosedRange<Double>], Double)])
  func covered(spans: [ClosedRange<Double>], seconds: Double) {
    #expect(ServerWork.covered(spans) == seconds)
  }

  @Test func aRunOnSeveralServersEndsWithIt() async throws {
    let world = EngineWorld()
    let text = "layout:\n    a\n    b\nfirst/%: server/%\n    one\nsecond/%: first/%\n    two\n"
    world.runner.fail("second/b 1")
    let result = try await world.build(text, keepsGoing: true)
    let rows = result.summary.servers
    #expect(rows.map(\.server) == ["a", "b"])
    #expect(rows.map(\.built) == [3, 2])
    #expect(rows.map(\.failed) == [[], ["second/b"]])
    let lines = EventText(verbosity: .normal).lines(.runFinished(result.summary))
    #expect(lines.count == 4)
    #expect(lines.last?.hasPrefix("stackmake: ") == true)
    #expect(EventText(verbosity: .silent).lines(.runFinished(result.summary)).count == 1)
  }
}

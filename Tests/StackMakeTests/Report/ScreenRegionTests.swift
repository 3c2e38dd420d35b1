import StackMake
import Support
import Testing

/// Frames that are drawn over each other.
@Suite struct ScreenRegionTests {
  @Test func eachFrameTakesThePlaceOfTheLast() {
    var region = ScreenRegion()
    var screen = Screen(width: 20, height: 10)
    for frame in [["one", "two"], ["one", "two"], ["a much longer line than that"], [], ["x", "y", "z"]] {
      screen.write(Array(region.change(to: frame, width: 20).replacing("\n", with: "\r\n").utf8)[...])
      let shown = screen.text.split(separator: "\n").map(String.init)
      #expect(shown == frame.map { $0.count > 19 ? String($0.prefix(18)) + "…" : $0 })
    }
  }

  @Test func nothingIsWrittenWhereNothingChanged() {
    var region = ScreenRegion()
    #expect(region.change(to: ["a"], width: 80) == "a\u{1b}[K\n\u{1b}[J")
    #expect(region.change(to: ["a"], width: 80) == "")
    #expect(region.change(to: ["b"], width: 80) == "\r\u{1b}[1Ab\u{1b}[K\n\u{1b}[J")
    #expect(region.change(to: ["\u{1b}[31mred\tand more"], width: 80) == "\r\u{1b}[1Ared and more\u{1b}[K\n\u{1b}[J")
  }

  @Test(arguments: [
    (["a", "B"], 2, ["a", "B"]), (["a", "B", "c"], 2, ["B", "and 2 more"]), (["A", "B", "C"], 2, ["A", "and 2 more"]),
    (["a", "B", "c", "D"], 3, ["B", "D", "and 2 more"]), (["A", "B"], 1, ["and 2 more"]), ([], 5, []),
  ])
  func whatFits(_ names: [String], _ height: Int, _ shown: [String]) {
    // Small letters say little.
    #expect(ScreenFit.lines(names.map { ($0, $0 == $0.lowercased()) }, height: height) == shown)
  }
}

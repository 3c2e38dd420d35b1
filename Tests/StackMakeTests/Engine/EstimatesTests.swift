import StackMake
import Support
import Testing

@Suite struct EstimatesTests {
  @Test(
    arguments: [
      ([], 0), ([4], 4), ([9, 1], 5), ([1, 100, 2], 2), ([5, 1, 4, 2], 3),
    ] as [([Double], Double)])
  func median(values: [Double], median: Double) {
    #expect(Estimates.median(values) == median)
  }

  struct Case: Sendable, CustomStringConvertible {
    let description: String
    let history: [String: Double]
    let seconds: [String: Double]
  }

  private static let file = """
    layout:
        web  count=3
        db
    stacked/web-%:
        true
    stacked/db:
        true
    other:
        true
    """

  @Test(arguments: [
    Case(
      description: "no history: what the kind says, else one second", history: [:],
      seconds: ["server/web-1": 60, "stacked/db": 900, "other": 1]),
    Case(
      description: "its own", history: ["stacked/web-1": 7, "other": 3],
      seconds: ["stacked/web-1": 7, "other": 3, "server/db": 60]),
    Case(
      description: "that of its rule before that of its kind",
      history: ["stacked/web-1": 10, "stacked/web-2": 20, "stacked/db": 300],
      seconds: ["stacked/web-3": 15, "stacked/db": 300]),
    Case(
      description: "that of its kind, of which a rule is new", history: ["stacked/web-1": 10, "stacked/web-2": 30],
      seconds: ["stacked/db": 20]),
    Case(description: "what is no target any more says nothing", history: ["gone": 5], seconds: ["other": 1]),
  ])
  func seconds(example: Case) throws {
    let graph = try Graph.stackfile(Self.file)
    let estimates = Estimates(
      graph: graph, history: example.history, guesses: ["server": 60, "stacked": 900])
    for (name, seconds) in example.seconds {
      #expect(estimates.seconds(try #require(graph.target(named: name))) == seconds, "\(name)")
    }
  }
}

import Testing

@testable import Targets

@Suite struct MachineChoiceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var machines: [Machine]
    var claim: MachineClaim?
    var kept: String?
    var others: [String] = []
    var testDescription: String { name }
  }

  private static func machine(_ id: String, _ generation: Int = 1, _ status: Machine.Status = .active) -> Machine {
    KindWorld.machine("web", id: id, generation: generation, status: status)
  }

  static let cases = [
    Case(name: "nothing", machines: [], kept: nil),
    Case(name: "another server's", machines: [KindWorld.machine("db")], kept: nil),
    Case(name: "one", machines: [machine("a")], kept: "a"),
    Case(name: "what is being deleted is nobody's", machines: [machine("a", 1, .deleting)], kept: nil),
    Case(name: "the newest", machines: [machine("a"), machine("b", 2, .building)], kept: "b", others: ["a"]),
    Case(name: "the active one", machines: [machine("a", 1, .building), machine("b")], kept: "b", others: ["a"]),
    Case(
      name: "the one that was asked for", machines: [machine("a"), machine("b", 2)], claim: MachineClaim(generation: 1),
      kept: "a", others: ["b"]),
    Case(
      name: "half made, it can be gone on with", machines: [machine("a", 1, .incomplete)],
      claim: MachineClaim(generation: 1), kept: "a"),
    Case(
      name: "broken, it can't", machines: [machine("a", 1, .error("no host")), machine("b", 1, .stopped)],
      claim: MachineClaim(generation: 1), kept: nil, others: ["b", "a"]),
    Case(
      name: "the one that it was built on, broken or not",
      machines: [machine("a", 1, .stopped), machine("b", 1), machine("c", 2)],
      claim: MachineClaim(machine: "a", generation: 2), kept: "a", others: ["c", "b"]),
    Case(name: "never asked for", machines: [machine("a")], claim: MachineClaim(), kept: nil, others: ["a"]),
  ]

  @Test(arguments: cases) func chooses(_ test: Case) {
    let choice =
      test.claim.map { MachineChoice(test.machines, of: "web", claim: $0) } ?? MachineChoice(test.machines, of: "web")
    #expect(choice.kept?.id == test.kept)
    #expect(choice.others.map(\.id) == test.others)
  }
}

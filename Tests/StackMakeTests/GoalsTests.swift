import StackMake
import Support
import Testing

@Suite struct GoalsTests {
  private func graph(_ stackfile: String) throws -> Graph {
    let files = InMemoryFileSystem(texts: ["Stackfile": stackfile])
    let result = Loader(fileSystem: files, dialect: .small).load("Stackfile")
    return try #require(result.graph, "\(DiagnosticRenderer(sources: result.sources).render(result.diagnostics))")
  }

  struct Case: Sendable {
    var words: [String]
    var targets: [String]
    var problems: [String] = []
  }

  static let layout = "layout:\n    web\n    db count=2\nconf/%:\n    true\nreport:\n    true\n"

  @Test(arguments: [
    Case(words: ["report"], targets: ["report"]),
    Case(words: ["report", "report", "re*"], targets: ["report"]),
    Case(words: ["conf/*"], targets: ["conf/web", "conf/db-1", "conf/db-2"]),
    Case(words: ["conf/db-?"], targets: ["conf/db-1", "conf/db-2"]),
    Case(words: ["conf/db-[2-9]"], targets: ["conf/db-2"]),
    Case(words: ["conf/[!d]*"], targets: ["conf/web"]),
    Case(words: ["conf*"], targets: [], problems: ["`conf*` matches nothing"]),
    Case(words: ["*/db-1"], targets: ["server/db-1", "conf/db-1"]),
    Case(words: ["reprot"], targets: [], problems: ["no target is called `reprot`|did you mean `report`?"]),
    Case(
      words: ["db-2", "report"], targets: ["report"],
      problems: ["no target is called `db-2`|did you mean `server/db-2` or `conf/db-2`?"]),
    Case(words: ["zzz"], targets: [], problems: ["no target is called `zzz`"]),
  ]) func words(_ example: Case) throws {
    let graph = try graph(Self.layout)
    let goals = graph.goals(example.words)
    #expect(goals.targets.map { graph.name($0) } == example.targets)
    #expect(goals.problems.map { ([$0.message] + $0.notes.map(\.text)).joined(separator: "|") } == example.problems)
  }

  @Test func allIsEverythingUnlessDeclared() throws {
    let open = try graph("a:\nb:\n")
    #expect(open.goals([]).targets.count == 2)
    #expect(open.goals(["all"]).targets.count == 2)
    let declared = try graph("a:\nall: a\nb:\n")
    #expect(declared.goals([]).targets.map { declared.name($0) } == ["all"])
    #expect(declared.goals(["all"]).targets.map { declared.name($0) } == ["all"])
  }
}

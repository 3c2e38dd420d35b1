import StackMake
import Support
import Testing

/// Stackfiles in Tests/Fixtures, each with the exact text of its diagnostics or of its graph.
@Suite struct FixtureTests {
  @Test(arguments: FixtureCase.all("diagnostics.txt"))
  func diagnostics(_ fixture: FixtureCase) {
    let result = load(fixture)
    #expect(result.graph == nil)
    #expect(DiagnosticRenderer(sources: result.sources).render(result.diagnostics) == fixture.expected)
  }

  @Test(arguments: FixtureCase.all("graphs.txt"))
  func graphs(_ fixture: FixtureCase) throws {
    let result = load(fixture)
    #expect(DiagnosticRenderer(sources: result.sources).render(result.diagnostics) == "")
    #expect(try #require(result.graph).dump + "\n" == fixture.expected)
  }

  @Test func fixturesAreThere() {
    #expect(FixtureCase.all("diagnostics.txt").count > 30)
    #expect(FixtureCase.all("graphs.txt").count > 5)
  }

  private func load(_ fixture: FixtureCase) -> LoadResult {
    Loader(
      fileSystem: InMemoryFileSystem(texts: fixture.files), dialect: .small,
      packs: ["pack": Array("stacked/%:\n    echo pack\n".utf8)], environment: ["HOME": "/root"],
      overrides: fixture.overrides
    ).load("Stackfile")
  }
}

extension FixtureCase: CustomTestStringConvertible {
  package var testDescription: String { name }
}

import StackMake
import Support
import SystemPackage
import Testing

/// What exact texts in a fixture can't say: bytes that aren't text, files that fail, numbers of a place.
@Suite struct LanguageTests {
  private func load(_ bytes: [UInt8], _ others: [String: String] = [:]) -> LoadResult {
    let files = InMemoryFileSystem(texts: others)
    files.write("Stackfile", .init(bytes: bytes))
    return Loader(fileSystem: files, dialect: .small).load("Stackfile")
  }

  private func load(_ text: String, _ others: [String: String] = [:]) -> LoadResult { load(Array(text.utf8), others) }

  private func rendered(_ result: LoadResult) -> String {
    DiagnosticRenderer(sources: result.sources).render(result.diagnostics)
  }

  @Test func nulIsAnError() {
    #expect(
      rendered(load("a:\nb:\0 c\n")) == """
        error: a NUL byte can't be in a Stackfile
         ——▶ Stackfile:2:3
          │
        2 │ b:␀ c
          │   ^

        """)
  }

  @Test(
    arguments: [
      [0xFF], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
      [0xE0, 0x80, 0x80],
    ] as [[UInt8]])
  func notUTF8IsAnError(_ bytes: [UInt8]) {
    let result = load(Array("x = é\ny = ".utf8) + bytes + Array("\n".utf8))
    #expect(result.diagnostics.map(\.kind) == [.notUTF8])
    #expect(result.diagnostics.first?.range.map { result.sources.location($0).description } == "Stackfile:2:5")
  }

  @Test(arguments: ["é", "€", "𝄞", "日本", "\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"]) func utf8IsText(_ text: String) {
    let result = load("x = \(text)\n")
    #expect(result.graph?.variables["x"] == text)
  }

  @Test(arguments: ["", "\n", "\\", "\\\n", "\n\\\n\n", "#", "   ", "a:", "a:\n\\", "x =", "x = \\", "a:\n    b \\"])
  func shortFiles(_ text: String) {
    #expect(rendered(load(text)) == "")
  }

  @Test func carriageReturnsEndLines() throws {
    let result = load("x = 1 \\\r\n  2\r\na: b \\\r\n  c\r\n    echo {{ x }}\r\n      more\r\n\r\nb:\r\nc:\r\n")
    #expect(rendered(result) == "")
    #expect(try #require(result.graph).dump == "a (task): b c\n    echo 1 2⏎more\nb (task):\nc (task):")
  }

  @Test func missingStackfile() {
    #expect(
      rendered(Loader(fileSystem: InMemoryFileSystem(), dialect: .small).load("Stackfile"))
        == "error: can't read `Stackfile`: no such file or directory\n")
  }

  @Test func unreadableSources() {
    let files = InMemoryFileSystem(texts: ["Stackfile": "a:\n    render f g\n    render b g\n    render n g\n"])
    files.write("f", .init("text"))
    files.fail("f", .permissionDenied)
    files.write("b", .init(bytes: [0x61, 0xFF]))
    files.write("n", .init("a\nb\0"))
    let result = Loader(fileSystem: files, dialect: .small).load("Stackfile")
    #expect(
      result.diagnostics.map(\.kind) == [
        .sourceUnreadable(step: "render", path: "f", reason: "permission denied"), .notUTF8, .nulByte,
      ])
    #expect(
      result.diagnostics.compactMap { $0.range.map { result.sources.location($0).description } } == [
        "Stackfile:2:12", "b:1:2", "n:2:2",
      ])
  }

  @Test func tooManyServers() {
    let files = InMemoryFileSystem(texts: ["Stackfile": "layout:\n    a count=3\n    b count=2\n    c count=5\n"])
    var loader = Loader(fileSystem: files, dialect: .small)
    loader.limits.places = 4
    #expect(loader.load("Stackfile").diagnostics.map(\.kind) == [.tooManyPlaces(limit: 4), .count("5", limit: 4)])
  }

  @Test func placesCarrySettings() throws {
    let result = load(
      "image = debian\nlayout:\n    web zone=a meta.role=\"front end\"\n    db count=2 image=other\n        user=me\n")
    let graph = try #require(result.graph)
    #expect(graph.places.map(\.name) == ["web", "db-1", "db-2"])
    #expect(graph.places.map(\.group) == ["web", "db", "db"])
    #expect(graph.places.map(\.index) == [nil, 1, 2])
    #expect(
      graph.places[0].settings == ["image": "debian", "zone": "a", "meta.role": "front end", "user": "stack"])
    #expect(graph.places[2].settings == ["image": "other", "user": "me"])
    #expect(graph.places[2].location.description == "Stackfile:4:5")
  }

  @Test func locationsOfTargetsAndSteps() throws {
    let result = load("x = é\na:\n    one\n      more\n    two\nb \\\n  c:\n    three\n")
    let graph = try #require(result.graph)
    #expect(
      graph.targets.map { graph.location($0).description } == ["Stackfile:2:1", "Stackfile:6:1", "Stackfile:7:3"])
    let steps = graph.targets.flatMap { graph.recipe($0).map(\.location.description) }
    #expect(steps == ["Stackfile:3:5", "Stackfile:5:5", "Stackfile:8:5", "Stackfile:8:5"])
  }

  @Test func recipesThatDontDifferAreShared() throws {
    let result = load("layout:\n    db count=3\na/%:\n    same {{ count db-* }}\nb/%:\n    {{ server }} differs\n")
    let graph = try #require(result.graph)
    let numbers = { (prefix: String) in
      Set(graph.targets.filter { graph.name($0).hasPrefix(prefix) }.map { graph.recipeOf[Int($0.index)] }).count
    }
    #expect(numbers("a/") == 1)
    #expect(numbers("b/") == 3)
  }

  @Test func manyErrorsAreAllFound() {
    let text = (0..<3000).map { "target-\($0): missing-\($0)\n" }.joined()
    #expect(load(text).diagnostics.count == 3000)
  }

  @Test func cyclesOfIncludes() {
    let result = load("include a\n", ["a": "include b\nx = 1\n", "b": "include ./Stackfile\n"])
    #expect(result.diagnostics.map(\.kind) == [.includeCycle(paths: ["Stackfile", "a", "b", "Stackfile"])])
  }

  @Test func whatIsMissingIsNotUnknown() {
    let result = load("include rules.mk\nall: web\n    echo {{ branch }}\n")
    #expect(result.diagnostics.count == 1)
  }
}

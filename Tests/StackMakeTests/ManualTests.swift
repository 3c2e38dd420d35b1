import FoundationEssentials
import StackMake
import Support
import Testing

/// Examples in docs/language.md are Stackfiles that load.
@Suite struct ManualTests {
  private static let examples: [String] = {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    guard let bytes = try? Data(contentsOf: URL(filePath: "\(root)/docs/language.md")) else { return [] }
    var examples: [String] = []
    var isInside = false
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```make" {
        examples.append("")
        isInside = true
      } else if line.hasPrefix("```") {
        isInside = false
      } else if isInside {
        examples[examples.count - 1] += line + "\n"
      }
    }
    return examples
  }()

  @Test func examplesAreThere() {
    #expect(Self.examples.count > 8)
  }

  @Test(arguments: examples) func loads(_ example: String) {
    let files = InMemoryFileSystem(texts: [
      "Stackfile": example, "rules/common.mk": "common:\n", "rules/other.mk": "other:\n",
      "files/site.tar.gz": "", "pg/primary.conf": "host = {{ ip }}\n",
    ])
    let result = Loader(fileSystem: files, dialect: .small).load("Stackfile")
    #expect(DiagnosticRenderer(sources: result.sources).render(result.diagnostics) == "")
  }
}

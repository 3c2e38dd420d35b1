import Foundation
import FoundationXML
import Support
import Testing

/// `stackmake graph` with the real program.
@Suite(.timeLimit(.minutes(5))) struct GraphCommandTests {
  private static let file = "base:\n    echo base\napp: base\n    cat in\nother: | base\n    true\n"

  @Test func isColouredByState() async throws {
    let program = try Program(Self.file)
    #expect(try await program.run("-k").status == 3)
    let mermaid = try await program.run("graph", "--format", "mermaid")
    #expect(
      mermaid.output == """
        flowchart LR
          t0["base"]:::fresh
          t1["app"]:::failed
          t2["other"]:::fresh
          t0 --> t1
          t0 -.-> t2
          classDef fresh fill:#b7e4c7,stroke:#555,color:#000
          classDef failed fill:#ffb3b3,stroke:#555,color:#000

        """, "\(mermaid)")
    #expect(
      try await program.run("graph", "--json", "base").output
        == #"{"dependencies":[],"targets":[{"kind":"task","state":"fresh","target":"base"}],"type":"graph","version":1}"#
        + "\n")
  }

  @Test func svgIsXML() async throws {
    let program = try Program(Self.file)
    let svg = try await program.run("graph", "--format", "svg")
    #expect(svg.status == 0)
    let parser = XMLParser(data: Data(svg.output.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)): \(svg.output)")
    #expect(!program.exists(".stackmake"))
  }

  private static let graphviz = "/usr/bin/dot"

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: graphviz), "Graphviz isn't installed"))
  func dotIsReadByGraphviz() async throws {
    let program = try Program(Self.file)
    let dot = try await program.run("graph")
    try program.write("graph.dot", dot.output)
    let process = try ChildProcess(
      [Self.graphviz, "-Tsvg", "-o", "\(program.path)/graph.svg", "\(program.path)/graph.dot"])
    #expect(await process.wait() == 0)
    #expect(program.read("graph.svg")?.contains("other") == true)
  }

  @Test func anotherFormatIsWrongUse() async throws {
    #expect(try await Program(Self.file).run("graph", "--format", "png").status == 2)
  }
}

import ArgumentParser
import StackMake

/// `stackmake graph [--format FORMAT] [GOAL…]`
struct GraphCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "The graph, as dot, mermaid, json or svg, coloured by state.")

  enum Format: String, ExpressibleByArgument, CaseIterable, Sendable { case dot, mermaid, json, svg }

  @OptionGroup var common: CommonOptions

  @Option(name: .long, help: "dot, mermaid, json or svg.")
  var format: Format?

  @Argument(help: ArgumentHelp("Targets or globs; NAME=VALUE sets a variable.", valueName: "goal"))
  var words: [String] = []

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    let targets = try session.targets(goals)
    let standing = try await Standing(session, targets)
    let rows = standing.rows(session.graph)
    let view = GraphView(session.graph, rows.map(\.target), nodes: rows.map(\.node))
    let text =
      switch format ?? (session.options.json ? .json : .dot) {
      case .dot: GraphText.dot(view)
      case .mermaid: GraphText.mermaid(view)
      case .json: GraphText.json(view)
      case .svg: GraphSVG.text(view)
      }
    Console.write(standing.redactor.redact(text), to: .standardOutput)
  }
}

import ArgumentParser
import StackMake

/// `stackmake list`
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The targets that there are, a line each, each after all that it depends on.")

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("Targets or globs; NAME=VALUE sets a variable.", valueName: "target"))
  var words: [String] = []

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    let graph = session.graph
    let wanted = Set(try session.targets(goals))
    for target in graph.topologicalOrder where wanted.contains(target) {
      if session.options.json {
        Console.write(
          ListRecord(
            target: graph.name(target), kind: graph.kind(target),
            dependencies: graph.dependencies(target, for: .order).map { graph.name($0) },
            location: graph.location(target).description
          ).line, to: .standardOutput)
      } else {
        Console.line(graph.name(target))
      }
    }
  }
}

/// A target in `list --json`.
private struct ListRecord: JSONRecord {
  var version = jsonVersion
  var type = "target"
  var target: String
  var kind: String
  var dependencies: [String]
  var location: String
}

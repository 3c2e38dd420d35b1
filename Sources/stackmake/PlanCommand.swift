import ArgumentParser
import StackMake
import SystemPackage
import Targets

/// `stackmake plan [GOAL…] [--save FILE]`
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "What would be done, and why, as `-n` says it; --save keeps it for --apply.")

  @OptionGroup var common: CommonOptions

  @Option(name: .long, help: ArgumentHelp("Keep the plan, with digests of all that it comes of.", valueName: "FILE"))
  var save: String?

  @Flag(
    name: [.customShort("B"), .customLong("always-make")],
    help: "Treat the goals as stale; never overrides the lock of a once step.")
  var alwaysMake = false

  @Argument(help: ArgumentHelp("Targets or globs; NAME=VALUE sets a variable.", valueName: "goal"))
  var words: [String] = []

  func validate() throws {
    if save != nil, common.noRefresh {
      throw ValidationError("--save keeps what the cloud has, which --no-refresh doesn't look at.")
    }
  }

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    let targets = try session.targets(goals)
    let standing = try await Standing(session, targets, forced: alwaysMake ? Set(targets) : [])
    let text = PlanText(graph: session.graph, json: session.options.json).text(standing.plan)
    Console.write(standing.redactor.redact(text), to: .standardOutput)
    if let save {
      let question = PlanFile.Question(goals: goals, overrides: overrides, isForced: alwaysMake)
      let plan = try PlanFile.capture(session, standing, question)
      try WholeFile.replace(FilePath(save), plan.json)
      if !session.options.silent {
        Console.error(
          "stackmake: kept in \(save): `stackmake --apply \(ShellCommand.quoted(save))` does it, where nothing moves till then"
        )
      }
    }
    if standing.plan.contains(where: { $0.state.word == "locked" }) { throw ExitStatusError.locked }
  }
}

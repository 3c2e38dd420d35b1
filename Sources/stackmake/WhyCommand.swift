import ArgumentParser
import StackMake

/// `stackmake why TARGET`
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "The chain of reasons that makes a target stale, down to what changed, old -> new.")

  @OptionGroup var common: CommonOptions

  @Argument(help: "A target; NAME=VALUE sets a variable.")
  var words: [String]

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    if goals.isEmpty {
      Console.error("stackmake: error: `why` takes the name of a target")
      throw ExitStatusError.wrongUse
    }
    let targets = try session.targets(goals)
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true)
    let files = try session.sourceFiles(targets)
    let assessor = try await session.reported {
      try await world.assessor(targets, files: files, store: store, forced: [])
    }
    let plan = Dictionary(
      assessor.plan(targets).map { (session.graph.name($0.target), $0) }, uniquingKeysWith: { first, _ in first })
    await world.close()
    var lines: [String] = []
    var said: Set<String> = []
    for target in targets { explain(session.graph.name(target), plan, 0, &said, &lines) }
    Console.write(world.redactor.redact(lines.joined(separator: "\n") + "\n"), to: .standardOutput)
  }

  /// The target whose outputs changed, or will.
  private func cause(of reason: StaleReason) -> String? {
    switch reason {
    case .dependencyWillRun(let dependency): return dependency
    case .changed(let key, _, _):
      let words = key.split(separator: " ")
      return words.first == "output" && words.count > 2 ? String(words[1]) : nil
    default: return nil
    }
  }

  /// A reason that is another target's doing goes on with that target's reasons.
  private func explain(
    _ name: String, _ plan: [String: PlannedTarget], _ depth: Int, _ said: inout Set<String>, _ lines: inout [String]
  ) {
    let indent = String(repeating: "  ", count: depth)
    guard let planned = plan[name] else { return }
    guard said.insert(name).inserted else {
      lines.append("\(indent)\(name): as above")
      return
    }
    switch planned.state {
    case .fresh:
      lines.append("\(indent)\(name): up to date")
      return
    case .stale: lines.append("\(indent)\(name) is stale:")
    case .locked(let error):
      lines.append("\(indent)\(name) is locked: \(error.cause)")
      if let hint = error.hint { lines.append("\(indent)  hint: \(hint)") }
    case .blocked(let blocker):
      lines.append("\(indent)\(name) waits for `\(blocker)`, which is locked:")
      explain(blocker, plan, depth + 1, &said, &lines)
      return
    }
    for reason in planned.reasons {
      lines.append("\(indent)  \(ReasonText.text(reason))")
      if let dependency = cause(of: reason), plan[dependency]?.state != .fresh {
        explain(dependency, plan, depth + 2, &said, &lines)
      }
    }
  }
}

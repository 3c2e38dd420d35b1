import ArgumentParser
import StackMake
import Targets

/// `stackmake access`
struct AccessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "access", abstract: "How to reach what was built: addresses, users, passwords.",
    discussion: """
      Shows the variables of the target `access`, which a pack or your Stackfile declares (`access: dashboard = …`). \
      This is the one command that shows secrets. --format openrc and --format clouds.yaml are for OpenStack's own \
      programs.
      """)

  @OptionGroup var common: CommonOptions

  @Option(name: .long, help: "How to write it.")
  var format = AccessText.Format.text

  @Argument(help: ArgumentHelp("NAME=VALUE sets a variable.", valueName: "name=value"))
  var words: [String] = []

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    if let goal = goals.first { throw ValidationError("access takes no target: `\(goal)`.") }
    let session = try Session.open(common, overrides: overrides)
    guard !session.graph.description.isEmpty else {
      Console.error(
        "stackmake: error: nothing tells how to reach what is built here\n  hint: `access: dashboard = http://{{ ip "
          + "SERVER }}/` declares a line of it; the packs have their own")
      throw ExitStatusError.wrongUse
    }
    let store = try session.readOnlyStore()
    let (traces, secrets) = try session.recorded { () throws(StoreError) in
      var secrets: [String: String] = [:]
      for name in session.graph.secrets { secrets[name] = try store.secret(name) }
      return (try store.traces(), secrets)
    }
    var missing: Set<String> = []
    let values = session.graph.description.map { name, template in
      let value = template.filled { part in
        switch part {
        case .text(let text): return text
        case .secret(let secret):
          if secrets[secret] == nil { missing.insert(secret) }
          return secrets[secret] ?? ""
        case .output(let target, let key):
          let target = session.graph.name(target)
          if traces[target]?.outputs[key] == nil { missing.insert(target) }
          return traces[target]?.outputs[key] ?? ""
        }
      }
      return (name, value)
    }
    guard missing.isEmpty else {
      Console.error(
        "stackmake: error: access: not built yet: \(missing.sorted().joined(separator: ", "))\n  hint: `stackmake` builds it"
      )
      throw ExitStatusError.failed
    }
    let text = AccessText(values: values, cluster: session.graph.variables["cluster"] ?? "cluster")
    do throws(AccessText.Missing) {
      let format = session.options.json ? .json : format
      Console.write(try text.text(format), to: .standardOutput)
    } catch {
      Console.error(
        "stackmake: error: --format \(format.rawValue) needs `access: \(error.variable) = …`, which nothing here declares"
      )
      throw ExitStatusError.wrongUse
    }
  }
}

extension AccessText.Format: ExpressibleByArgument {}

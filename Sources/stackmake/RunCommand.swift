import ArgumentParser
import StackMake
import Targets

/// `stackmake run GLOB -- CMD`
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "A command on many servers, in parallel; output prefixed by server.")

  @OptionGroup var common: CommonOptions

  @Argument(help: "Servers, by name or glob.")
  var servers: String

  @Argument(parsing: .postTerminator, help: "The command, after --.")
  var command: [String] = []

  mutating func run() async throws {
    guard !common.json else {
      Console.error("stackmake: error: what servers print is no JSON: `run` has no --json")
      throw ExitStatusError.wrongUse
    }
    guard !command.isEmpty else {
      Console.error("stackmake: error: `run` takes a command after `--`")
      throw ExitStatusError.wrongUse
    }
    let session = try Session.open(common, overrides: [])
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true)
    let sites = try ServerSites(session, store).matching(servers)
    // One word is a script, as after `ssh HOST`; several are words.
    let script = command.count == 1 ? command[0] : ShellCommand(command).description
    let width = sites.map(\.name.count).max() ?? 0
    let shells = world.shells
    let failures = await withTaskGroup(of: String?.self) { group in
      for site in sites {
        group.addTask {
          let prefix = site.name + String(repeating: " ", count: width - site.name.count) + " | "
          let lines = PrefixedLines(prefix)
          do throws(ShellError) {
            let status = try await shells.shell(at: site).run(script, timeout: nil) { lines.take($0, $1) }
            lines.finish()
            return status.isSuccess ? nil : "\(site.name): \(status)"
          } catch {
            return error.description
          }
        }
      }
      var failures: [String] = []
      for await failure in group { if let failure { failures.append(failure) } }
      return failures.sorted()
    }
    await world.close()
    for failure in failures { Console.error("stackmake: error: \(failure)") }
    if !failures.isEmpty { throw ExitStatusError.failed }
  }
}

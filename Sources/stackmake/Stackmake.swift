import ArgumentParser

/// The root: its words and the build, which needs no word.
struct Stackmake: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "stackmake",
    abstract: "Make for clusters: brings what a Stackfile declares up to date.",
    usage: """
      stackmake [GOAL…] [NAME=VALUE…]     build what is stale, everything by default, in parallel
      stackmake clean [TARGET…]           take down: all, or these and what was built on them
      stackmake -n …                      say what would be done, and why, and do nothing
      """,
    discussion: """
      Exit status: 0 done or nothing to do; 1 -q and something is stale; 2 wrong use or a wrong Stackfile, nothing \
      done; 3 a target failed; 4 a target is locked and needs clean; 5 another stackmake holds this cluster; \
      6 a saved plan no longer holds, nothing done; 130 interrupted.
      """,
    version: version,
    subcommands: [
      BuildCommand.self, CleanCommand.self, PruneCommand.self, GarbageCommand.self, SnapshotCommand.self,
      StatusCommand.self,
      WhyCommand.self, LogCommand.self, SSHCommand.self, RunCommand.self, AccessCommand.self,
      PackCommand.self, ListCommand.self, DoctorCommand.self, GraphCommand.self,
      ReportCommand.self, FormatCommand.self, InitCommand.self, PlanCommand.self,
      CompletionsCommand.self, CompleteCommand.self, ManualCommand.self,
    ],
    defaultSubcommand: BuildCommand.self)
}

/// What every command takes.
struct CommonOptions: ParsableArguments {
  @Option(name: [.short, .customLong("file")], help: ArgumentHelp("Another Stackfile.", valueName: "FILE"))
  var file: String?

  @Option(
    name: [.customShort("C"), .customLong("directory")], help: ArgumentHelp("Another directory.", valueName: "DIR"))
  var directory: String?

  @Flag(name: [.short, .long], help: "Say less.")
  var silent = false

  @Flag(name: [.short, .long], help: "Show each command and request.")
  var verbose = false

  @Flag(name: .customLong("no-color"), help: "Plain text (also NO_COLOR, and where there is no terminal).")
  var noColor = false

  @Flag(name: .long, help: "One JSON object a line on standard output.")
  var json = false

  @Flag(name: .customLong("no-refresh"), help: "Trust the recorded state, ask the cloud nothing.")
  var noRefresh = false
}

extension CommonOptions {
  /// No option given.
  static var none: CommonOptions {
    do {
      return try CommonOptions.parse([])
    } catch {
      preconditionFailure("BUG: no options can't be parsed: \(error)")
    }
  }
}

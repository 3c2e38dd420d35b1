import ArgumentParser
import StackMake

/// `stackmake log TARGET [-f]`
struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "log", abstract: "A target's last log; -f follows.")

  @OptionGroup var common: LogOptions

  @Argument(help: "A target.")
  var target: String

  mutating func run() async throws {
    let session = try Session.open(common.common, overrides: [])
    let files = session.logs
    if files.path(of: target) == nil {
      // A target that is only mistyped gets its nearest names.
      _ = try session.targets([target])
      guard common.follow else {
        Console.error("stackmake: error: `\(target)` has no log: it was never built here")
        throw ExitStatusError.wrongUse
      }
    }
    var tail = LogTail(files, target: target)
    while true {
      let bytes = try tail.next()
      Console.write(String(decoding: bytes, as: UTF8.self), to: .standardOutput)
      guard common.follow, Console.isHeard else { return }
      try await Task.sleep(for: .milliseconds(200))
    }
  }
}

/// `-f` follows here, so another Stackfile has its long name only.
struct LogOptions: ParsableArguments {
  @Option(name: .customLong("file"), help: ArgumentHelp("Another Stackfile.", valueName: "FILE"))
  var file: String?

  @Option(
    name: [.customShort("C"), .customLong("directory")], help: ArgumentHelp("Another directory.", valueName: "DIR"))
  var directory: String?

  @Flag(name: [.customShort("f"), .customLong("follow")], help: "Go on as it grows, until Ctrl-C.")
  var follow = false

  var common: CommonOptions {
    var options = CommonOptions.none
    options.file = file
    options.directory = directory
    return options
  }
}

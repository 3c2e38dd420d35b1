import ArgumentParser
import FoundationEssentials

/// Every command with its options, as the parser knows them: what completions and the manual page are made of, so that
/// neither can tell of another program than `--help` does.
struct CommandTable: Decodable {
  struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var shouldDisplay: Bool?
    var defaultSubcommand: String?
    var subcommands: [Command]?
    var arguments: [Argument]?
  }

  struct Argument: Decodable {
    enum Kind: String, Decodable { case positional, option, flag }

    struct Name: Decodable, Hashable {
      var kind: String
      var name: String
      /// As it is typed.
      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    var kind: Kind
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var parsingStrategy: String
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?
  }

  /// The root.
  var command: Command

  /// That of this program.
  static func own() throws -> CommandTable {
    try JSONDecoder().decode(CommandTable.self, from: Data(Stackmake._dumpHelp().utf8))
  }

  func command(named name: String) -> Command? { command.subcommands?.first { $0.commandName == name } }

  /// What is meant where no command is named.
  var defaultCommand: Command { command.defaultSubcommand.flatMap { self.command(named: $0) } ?? command }

  /// Those that help shows.
  var shownCommands: [Command] { (command.subcommands ?? []).filter { $0.shouldDisplay ?? true } }
}

extension CommandTable.Command {
  /// What is typed with dashes, of those that help shows.
  var options: [CommandTable.Argument] { (arguments ?? []).filter { $0.kind != .positional && $0.shouldDisplay } }

  func option(named text: String) -> CommandTable.Argument? {
    options.first { $0.spellings.contains(text) }
  }

  var positionals: [CommandTable.Argument] { (arguments ?? []).filter { $0.kind == .positional } }
}

extension CommandTable.Argument {
  /// Each once: `-j`, `--jobs`.
  var spellings: [String] {
    var known: [String] = []
    for name in names ?? [] where !known.contains(name.text) { known.append(name.text) }
    return known
  }

  /// Comes after `--`.
  var isAfterTerminator: Bool { parsingStrategy == "postTerminator" }
}

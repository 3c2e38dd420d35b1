/// stackmake(1) as mdoc: what is written by hand, and in it the commands and options as the parser knows them.
struct ManualPage {
  let table: CommandTable
  /// With lines that say what goes there: `@common@`, `@building@`, `@commands@`.
  let template: String

  var text: String {
    template.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      switch line {
      case "@common@": common.map { Self.item($0) }.joined(separator: "\n")
      case "@building@": own(table.defaultCommand).map { Self.item($0) }.joined(separator: "\n")
      case "@commands@": commands
      default: String(line)
      }
    }.joined(separator: "\n")
  }

  /// Options that more than half of the commands have.
  private var common: [CommandTable.Argument] {
    let all = table.shownCommands.filter { $0.commandName != "help" }
    return table.defaultCommand.options.filter { option in
      2 * all.count { $0.options.contains { $0.spellings == option.spellings } } > all.count
    }
  }

  private func own(_ command: CommandTable.Command) -> [CommandTable.Argument] {
    let common = Set(common.map(\.spellings))
    return command.options.filter { !common.contains($0.spellings) }
  }

  private var commands: String {
    table.shownCommands.filter { $0.commandName != table.defaultCommand.commandName }.map { command in
      var lines = [
        ".It " + (["Cm \(command.commandName)"] + command.positionals.map(Self.placeholder)).joined(separator: " ")
      ]
      lines.append(Self.sentence(command.abstract ?? ""))
      if let discussion = command.discussion { lines += Self.sentences(discussion) }
      let options = own(command)
      if !options.isEmpty {
        lines += [".Bl -tag -width Ds"] + options.map { Self.item($0) } + [".El"]
      }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private static func placeholder(_ argument: CommandTable.Argument) -> String {
    let name = "Ar \(word(argument.valueName ?? "word"))\(argument.isRepeating ? " ..." : "")"
    if argument.isAfterTerminator { return "Op Fl - \(name)" }
    return argument.isOptional ? "Op \(name)" : name
  }

  private static func item(_ option: CommandTable.Argument) -> String {
    let value = option.kind == .option ? " Ar \(word(option.valueName ?? "value"))" : ""
    let names = option.spellings.map { "Fl \(word(String($0.dropFirst())))" }
    var lines = [".It \(names.joined(separator: " , "))\(value)"]
    lines += sentences(option.abstract ?? "")
    if let values = option.allValues { lines.append(escaped("One of \(values.joined(separator: ", ")).")) }
    if let value = option.defaultValue { lines.append(escaped("Default: \(value).")) }
    return lines.joined(separator: "\n")
  }

  private static func sentence(_ text: String) -> String { escaped(text) }

  /// A line each, as mdoc wants it.
  private static func sentences(_ text: String) -> [String] {
    text.replacing(". ", with: ".\n").split(separator: "\n").map { escaped(String($0)) }
  }

  /// A word of a macro's line.
  private static func word(_ text: String) -> String { text.replacing("-", with: "\\-") }

  /// What roff would take for a command of its own.
  static func escaped(_ text: String) -> String {
    var text = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("…", with: "...").replacing("~", with: "\\(ti").replacing("`", with: "\\(ga")
    if text.hasPrefix(".") || text.hasPrefix("'") { text = "\\&" + text }
    return text
  }
}

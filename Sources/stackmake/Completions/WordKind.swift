/// What stands for an argument, by the name that help gives its value.
enum WordKind: String, CaseIterable {
  case goal, target, server, servers, pack, page, file, number = "n", seconds
  /// Of a cloud in clouds.yaml.
  case cloud = "name"
  case directory = "dir"
  case packFile = "pack-file"
  case override = "name=value"
  case command = "subcommands"
  /// Of another program.
  case foreign = "command"
  /// One of a list that the argument has.
  case choice

  /// Nil where nobody has said what it is.
  init?(_ argument: CommandTable.Argument) {
    if argument.allValues != nil {
      self = .choice
    } else if let name = argument.valueName, let kind = WordKind(rawValue: name.lowercased()) {
      self = kind
    } else {
      return nil
    }
  }
}

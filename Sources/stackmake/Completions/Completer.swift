import StackMake
import SystemPackage
import Targets

/// Says what may stand where the cursor is. Reads files alone, and has nothing to say where anything is wrong with them.
struct Completer {
  /// One answer.
  enum Answer: Hashable {
    case word(String, about: String?)
    /// The shell knows these best.
    case files, directories

    /// As the scripts of the shells read it.
    var line: String {
      switch self {
      case .word(let text, let about): about.map { "\(text)\t\($0)" } ?? text
      case .files: ":files"
      case .directories: ":directories"
      }
    }
  }

  let table: CommandTable
  let environment: [String: String]

  /// From so many names on only their parts up to the next `/` are offered.
  private static let mostNames = 100

  /// - Parameter words: those of the command line after the program's name, the last one up to the cursor.
  func answers(to words: [String]) -> [Answer] {
    let current = words.last ?? ""
    let typed = TypedWords(words.dropLast(), table)
    if let option = typed.pending { return values(of: option, current, typed) }
    if typed.isPastTerminator, typed.command.positionals.contains(where: \.isAfterTerminator) { return [] }
    if !typed.isPastTerminator, current.hasPrefix("-") { return options(current, typed) }
    let words = positional(current, typed)
    guard !typed.isNamed, typed.positionals.isEmpty, !typed.isPastTerminator else { return words }
    return commands(current) + words
  }

  private func commands(_ current: String) -> [Answer] {
    table.shownCommands.filter { $0.commandName.hasPrefix(current) }
      .map { .word($0.commandName, about: $0.abstract) }
  }

  private func options(_ current: String, _ typed: TypedWords) -> [Answer] {
    if current.hasPrefix("--"), let at = current.firstIndex(of: "=") {
      guard let option = typed.command.option(named: String(current[..<at])), option.kind == .option else { return [] }
      let prefix = current[...at]
      return values(of: option, String(current[current.index(after: at)...]), typed).map { answer in
        if case .word(let text, let about) = answer { .word(prefix + text, about: about) } else { answer }
      }
    }
    return typed.command.options.flatMap { option -> [Answer] in
      option.spellings.filter { $0.hasPrefix(current) && !typed.given.contains($0) }
        .map { .word($0, about: option.abstract) }
    }
  }

  private func positional(_ current: String, _ typed: TypedWords) -> [Answer] {
    let places = typed.command.positionals.filter { !$0.isAfterTerminator }
    let count = typed.goals.count
    guard let place = count < places.count ? places[count] : places.last(where: \.isRepeating) else { return [] }
    return values(of: place, current, typed)
  }

  private func values(of argument: CommandTable.Argument, _ current: String, _ typed: TypedWords) -> [Answer] {
    func words(_ names: [String]) -> [Answer] { names.filter { $0.hasPrefix(current) }.map { .word($0, about: nil) } }
    switch WordKind(argument) {
    case .choice: return words(argument.allValues ?? [])
    case .goal, .target: return words(targets(current, typed))
    case .server, .servers: return words(StackfileNames(typed, environment).servers)
    case .override: return words(variables(current, typed, StackfileNames(typed, environment)))
    // The page is the first, targets come after it.
    case .page: return typed.goals.isEmpty ? [.files] : words(targets(current, typed))
    case .file: return [.files]
    case .directory: return [.directories]
    // Not every pack is one to begin with.
    case .pack: return words(typed.command.commandName == "init" ? StarterPack.names : Packs.builtIn.names)
    case .packFile: return words(typed.goals.first.flatMap { Packs.builtIn.files(of: $0) } ?? [])
    case .command: return commands(current)
    case .cloud: return words(clouds(typed))
    case .number, .seconds, .foreign, nil: return []
    }
  }

  private func targets(_ current: String, _ typed: TypedWords) -> [String] {
    let names = StackfileNames(typed, environment)
    let found = names.targets(current)
    let variables = variables(current, typed, names)
    guard found.count > Self.mostNames else { return found + variables }
    var parts: [String] = []
    var known: Set<String> = []
    for name in found {
      let slash = name.dropFirst(current.count).firstIndex(of: "/")
      let part = slash.map { String(name[...$0]) } ?? name
      if known.insert(part).inserted { parts.append(part) }
    }
    return parts + variables
  }

  /// Offered only where a letter asks for them: they would bury the targets. Behind its `=` the value that it has.
  private func variables(_ current: String, _ typed: TypedWords, _ names: StackfileNames) -> [String] {
    if current.isEmpty { return [] }
    guard let at = current.firstIndex(of: "=") else {
      return names.variables.map { $0 + "=" }.filter { $0.hasPrefix(current) }
    }
    let name = String(current[..<at])
    let values = name == "cloud" ? clouds(typed) : [names.value(of: name)].compactMap { $0 }
    return values.filter { !$0.isEmpty && !$0.contains(where: \.isWhitespace) }.map { "\(name)=\($0)" }
  }

  /// What there is to name: those that are written down, and this host.
  private func clouds(_ typed: TypedWords) -> [String] {
    let directory = StackfileNames.file(typed, environment).map { Session.directory(of: $0) } ?? "."
    let reader = CloudConfigReader(
      fileSystem: LocalFileSystem(directory: directory), environment: environment, directory: directory,
      home: Session.home(in: environment))
    return ["local"] + ((try? reader.names()) ?? [])
  }
}

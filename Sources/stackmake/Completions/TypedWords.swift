/// A command line up to the word in which the cursor is.
struct TypedWords {
  let command: CommandTable.Command
  /// Whether its word was typed.
  let isNamed: Bool
  /// The option whose value the next word is.
  private(set) var pending: CommandTable.Argument?
  /// Options by their spellings that were given already.
  private(set) var given: Set<String> = []
  private(set) var positionals: [String] = []
  /// After `--`.
  private(set) var isPastTerminator = false
  private(set) var file: String?
  private(set) var directory: String?

  init(_ words: [String], _ table: CommandTable) {
    var words = CommandWords.ordered(words)
    let named = words.first.flatMap { table.command(named: $0) }
    isNamed = named != nil
    command = named ?? table.defaultCommand
    if isNamed { words.removeFirst() }
    for word in words { take(word) }
  }

  /// What isn't `NAME=VALUE`.
  var goals: [String] { CommandWords.split(positionals).goals }

  var overrides: [(name: String, value: String)] { CommandWords.split(positionals).overrides }

  private mutating func take(_ word: String) {
    if let option = pending {
      pending = nil
      set(option, word)
    } else if isPastTerminator || !word.hasPrefix("-") || word == "-" {
      positionals.append(word)
    } else if word == "--" {
      isPastTerminator = true
    } else if word.hasPrefix("--") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let option = command.option(named: String(parts[0])) else { return }
      give(option, value: parts.count == 2 ? String(parts[1]) : nil)
    } else {
      takeShort(word.dropFirst())
    }
  }

  /// `-nk`, `-j4`.
  private mutating func takeShort(_ letters: Substring) {
    var rest = letters
    while let letter = rest.popFirst() {
      guard let option = command.option(named: "-\(letter)") else { continue }
      if option.kind == .option { return give(option, value: rest.isEmpty ? nil : String(rest)) }
      give(option, value: nil)
    }
  }

  private mutating func give(_ option: CommandTable.Argument, value: String?) {
    given.formUnion(option.spellings)
    guard option.kind == .option else { return }
    if let value { set(option, value) } else { pending = option }
  }

  private mutating func set(_ option: CommandTable.Argument, _ value: String) {
    if option.spellings.contains("--file") { file = value }
    if option.spellings.contains("--directory") { directory = value }
  }
}

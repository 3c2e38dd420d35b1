import ArgumentParser

/// Puts a command word first, so that `stackmake -n clean` and `stackmake clean -n` are the same.
enum CommandWords {
  /// The parser adds `help` itself.
  static let commands = Set(Stackmake.configuration.subcommands.map { $0._commandName } + ["help"])
  private static let optionsWithValue: Set<String> = [
    "-j", "--jobs", "-f", "--file", "-C", "--directory", "--trace", "--format",
    "--cloud", "--computes", "--pack", "--save", "--apply",
  ]

  static func ordered(_ words: [String]) -> [String] {
    let words = withInterval(words)
    var i = 0
    while i < words.count {
      let word = words[i]
      if word == "--" { break }
      if optionsWithValue.contains(word) {
        i += 2
      } else if word.hasPrefix("-") {
        i += 1
      } else {
        guard commands.contains(word) else { break }
        return [word] + words[..<i] + words[(i + 1)...]
      }
    }
    return words
  }

  /// `--watch` and `--watch 5` as `--watch=2` and `--watch=5`: the parser knows no option whose value may be left out.
  private static func withInterval(_ words: [String]) -> [String] {
    guard let at = words.firstIndex(of: "--watch"), !words[..<at].contains("--") else { return words }
    let value = at + 1 < words.count ? Double(words[at + 1]) : nil
    let rest = words[(at + (value == nil ? 1 : 2))...]
    return words[..<at] + ["--watch=\(value == nil ? "2" : words[at + 1])"] + rest
  }

  /// `NAME=VALUE` words, and the others.
  static func split(_ words: [String]) -> (goals: [String], overrides: [(name: String, value: String)]) {
    var goals: [String] = []
    var overrides: [(name: String, value: String)] = []
    for word in words {
      if let at = word.firstIndex(of: "="), isName(word[..<at]) {
        overrides.append((name: String(word[..<at]), value: String(word[word.index(after: at)...])))
      } else {
        goals.append(word)
      }
    }
    return (goals, overrides)
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "_" else { return false }
    return text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f || $0 == 0x2d
    }
  }
}

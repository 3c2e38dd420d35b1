import ArgumentParser
import FoundationEssentials

/// `stackmake __complete WORD…`: what the scripts of the shells ask. An answer a line, with a tab before what it is about.
///
/// Says nothing where it doesn't know: a word is being typed, and no place is there for an error.
struct CompleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "__complete", abstract: "What may stand where the cursor is.", shouldDisplay: false,
    helpNames: [])

  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Words of a command line.", valueName: "command"))
  var words: [String] = []

  func run() throws {
    guard let table = try? CommandTable.own() else { return }
    let completer = Completer(table: table, environment: ProcessInfo.processInfo.environment)
    Console.write(completer.answers(to: words).map { $0.line + "\n" }.joined(), to: .standardOutput)
  }
}

/// `stackmake completions SHELL`
struct CompletionsCommand: ParsableCommand {
  enum Shell: String, ExpressibleByArgument, CaseIterable, Sendable { case bash, zsh, fish }

  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Print the script that makes a shell complete words of stackmake.",
    discussion: """
      In ~/.bashrc: source <(stackmake completions bash). In ~/.zshrc, after compinit: source <(stackmake completions \
      zsh). In ~/.config/fish/config.fish: stackmake completions fish | source.
      """)

  @Argument(help: "The shell.")
  var shell: Shell

  func run() throws {
    Console.write(EmbeddedFile.text("stackmake.\(shell.rawValue)", in: "completions"), to: .standardOutput)
  }
}

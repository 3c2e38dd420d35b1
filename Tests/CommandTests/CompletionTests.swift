import Foundation
import Testing

/// What the shells are told of a command line, and that nothing of the program is left out.
@Suite(.timeLimit(.minutes(5))) struct CompletionTests {
  private static let file = """
    cloud = local
    release = 1.0
    layout:
        web
        db  count=2
    configured/web: configured/db-1
        true
    configured/db-1:
        true
    site: configured/web
        local true

    """

  private static func answers(_ words: String..., in program: Program? = nil) async throws -> [String] {
    let program = try program ?? Program(file)
    let outcome = try await program.start(["__complete"] + words).outcome.value
    #expect(outcome.status == 0)
    #expect(outcome.errors == "")
    #expect(!program.exists(".stackmake/record.sqlite"))
    return outcome.output.split(separator: "\n").map { String($0.split(separator: "\t")[0]) }
  }

  struct Case: CustomTestStringConvertible {
    var words: [String]
    var answers: [String]
    var testDescription: String { words.joined(separator: " ") }

    init(_ words: String..., gives answers: [String]) { (self.words, self.answers) = (words, answers) }
  }

  private static let cases = [
    Case("sta", gives: ["status"]),
    Case("s", gives: ["snapshot", "status", "ssh", "server/web", "server/db-1", "server/db-2", "site"].sorted()),
    Case("configured/", gives: ["configured/db-1", "configured/web"]),
    Case("status", "si", gives: ["site"]),
    Case("status", "sta", gives: []),
    Case("site", "sta", gives: []),
    Case("rel", gives: ["release="]),
    Case("release=", gives: ["release=1.0"]),
    Case("status", "release=1.", gives: ["release=1.0"]),
    Case("release=2", gives: []),
    Case("nothing=", gives: []),
    Case("init", "--pack", "", gives: ["devstack", "openstack-debian"]),
    Case("init", "--cloud", "", gives: ["local"]),
    Case("ssh", "", gives: ["db-1", "db-2", "web"]),
    Case("ssh", "web", "", gives: []),
    Case("ssh", "web", "--", "l", gives: []),
    Case("run", "d", gives: ["db-1", "db-2"]),
    Case("log", "site", "", gives: []),
    Case("log", "si", gives: ["site"]),
    Case("log", "-f", "si", gives: ["site"]),
    Case("graph", "--format", "", gives: ["dot", "json", "mermaid", "svg"]),
    Case("graph", "--format=s", gives: ["--format=svg"]),
    Case("access", "--format", "c", gives: ["clouds.yaml"]),
    Case("completions", "", gives: ["bash", "fish", "zsh"]),
    Case("help", "cl", gives: ["clean"]),
    Case("pack", "dev", gives: ["devstack"]),
    Case("pack", "devstack", "Stack", gives: ["Stackfile"]),
    Case("--dry", gives: ["--dry-run"]),
    Case("-n", "--dry", gives: []),
    Case("--help", "--js", gives: ["--json"]),
    Case("clean", "--ye", gives: ["--yes"]),
    Case("-n", "cle", gives: ["clean"]),
    Case("-j", "", gives: []),
    Case("-f", "", gives: [":files"]),
    Case("--file=", gives: [":files"]),
    Case("-C", "", gives: [":directories"]),
    Case("report", "", gives: [":files"]),
    Case("report", "page.html", "si", gives: ["site"]),
    Case("fmt", "a", "", gives: [":files"]),
    Case("--nonsense", "--unknown=", gives: []),
  ]

  @Test(arguments: cases) func answers(_ one: Case) async throws {
    let program = try Program(Self.file)
    let outcome = try await program.start(["__complete"] + one.words).outcome.value
    #expect(outcome.status == 0)
    #expect(outcome.errors == "")
    #expect(outcome.output.split(separator: "\n").map { String($0.split(separator: "\t")[0]) }.sorted() == one.answers)
    #expect(!program.exists(".stackmake"))
  }

  @Test func clouds() async throws {
    let clouds = "clouds: {lab: {auth: {}}, prod: {auth: {}}}\n"
    let program = try Program("cloud = lab\n", files: ["sub/clouds.yaml": clouds])
    #expect(try await Self.answers("init", "--cloud", "l", in: program) == ["local"])
    #expect(
      try await Self.answers("init", "-C", "sub", "--cloud=", in: program).sorted() == [
        "--cloud=lab", "--cloud=local", "--cloud=prod",
      ])
    try program.write("clouds.yaml", clouds)
    #expect(try await Self.answers("status", "cloud=p", in: program) == ["cloud=prod"])
    #expect(
      try await Self.answers("doctor", "cloud=", in: program).sorted() == ["cloud=lab", "cloud=local", "cloud=prod"])
    // What is wrong with the file is for whoever names one.
    try program.write("clouds.yaml", "clouds: [\n")
    #expect(try await Self.answers("init", "--cloud", "", in: program) == ["local"])
  }

  @Test func otherStackfiles() async throws {
    let program = try Program("here:\n", files: ["sub/Stackfile": "there:\n", "sub/other": "elsewhere:\n"])
    #expect(try await Self.answers("-C", "sub", "status", "", in: program) == ["there"])
    #expect(try await Self.answers("-C", "sub", "-f", "other", "status", "", in: program) == ["elsewhere"])
    #expect(try await Self.answers("status", "-fsub/other", "", in: program) == ["elsewhere"])
  }

  /// A variable of the command line may decide what there is.
  @Test func overrides() async throws {
    let program = try Program("n = 1\nlayout:\n    db count={{ n }}\n")
    #expect(try await Self.answers("status", "n=2", "server/", in: program) == ["server/db-1", "server/db-2"])
  }

  @Test func manyNamesAreOfferedInParts() async throws {
    let program = try Program("layout:\n    db count=200\nx/%:\n    true\nsolo:\n")
    let answers = try await Self.answers("status", "", in: program)
    #expect(answers.contains("server/") && answers.contains("x/") && answers.contains("solo"))
    #expect(answers.count < 10)
    #expect(try await Self.answers("status", "x/db-19", in: program).count == 11)
  }

  /// While a Stackfile is edited, what was built is still known.
  @Test func brokenStackfile() async throws {
    let program = try Program("site:\n    true\n")
    try await program.run()
    try program.write("Stackfile", "site: nowhere\n")
    let outcome = try await program.run("__complete", "status", "")
    #expect(outcome.output == "site\n")
    #expect(outcome.errors == "")
  }

  @Test func noStackfile() async throws {
    let program = try Program("")
    #expect(try await Self.answers("-C", "nowhere", "status", "", in: program) == [])
    #expect(try await Self.answers("-C", "nowhere", "stat", in: program) == ["status"])
  }

  // The table itself: what `--help` is made of.

  private struct Table: Decodable {
    struct Command: Decodable {
      var commandName: String
      var shouldDisplay: Bool?
      var subcommands: [Command]?
      var arguments: [Argument]?
    }
    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var kind: String
      var names: [Name]?
      var valueName: String?
      var allValues: [String]?
    }
    var command: Command
  }

  private static func commands(_ program: Program) async throws -> [Table.Command] {
    let text = try await program.run("--experimental-dump-help").output
    return try JSONDecoder().decode(Table.self, from: Data(text.utf8)).command.subcommands ?? []
  }

  /// Every command is one also where options with their values stand before it.
  @Test func optionsMayStandBeforeEveryCommand() async throws {
    let program = try Program("")
    let commands = try await Self.commands(program)
    #expect(commands.count > 15)
    for command in commands where command.shouldDisplay ?? true && command.commandName != "help" {
      var before = [["-s"]]
      for argument in command.arguments ?? [] where argument.kind == "option" {
        before += (argument.names ?? []).map {
          [($0.kind == "long" ? "--" : "-") + $0.name, argument.allValues?.first ?? "1"]
        }
      }
      for words in before {
        let outcome = try await program.start(words + [command.commandName, "--help"]).outcome.value
        #expect(outcome.output.contains("USAGE: stackmake \(command.commandName)"), "\(words) \(command.commandName)")
      }
    }
  }

  @Test func everyCommandAndOptionIsOffered() async throws {
    let program = try Program("")
    let known = try await Self.answers("", in: program)
    for command in try await Self.commands(program) where command.shouldDisplay ?? true {
      #expect(known.contains(command.commandName))
      let options = try await Self.answers(command.commandName, "-", in: program)
      for argument in command.arguments ?? [] where argument.kind != "positional" && argument.valueName != nil {
        for name in argument.names ?? [] where command.commandName != "help" {
          let text = (name.kind == "long" ? "--" : "-") + name.name
          #expect(options.contains(text), "\(command.commandName) \(text)")
        }
      }
    }
  }

  /// Help calls each value by a name that says what completes it; a new name must be given a meaning first.
  @Test func everyValueHasAMeaning() async throws {
    let meanings: Set = [
      "goal", "target", "server", "servers", "pack", "pack-file", "page", "file", "dir", "n", "name=value", "command",
      "subcommands", "seconds", "name",
    ]
    for command in try await Self.commands(try Program("")) {
      for argument in command.arguments ?? [] where argument.kind != "flag" && argument.allValues == nil {
        #expect(meanings.contains(argument.valueName?.lowercased() ?? ""), "\(command.commandName) \(argument)")
      }
    }
  }

  @Test func manualHasEveryCommandAndOption() async throws {
    let program = try Program("")
    let page = try await program.run("__manual", "stackmake.1").output
    for command in try await Self.commands(program) where command.shouldDisplay ?? true {
      #expect(command.commandName == "build" || page.contains("\n.It Cm \(command.commandName)"))
      for argument in command.arguments ?? [] where argument.kind != "positional" && command.commandName != "help" {
        for name in argument.names ?? [] {
          let text = "Fl " + (name.kind == "long" ? "\\-" : "") + name.name.replacing("-", with: "\\-")
          #expect(page.contains(text), "\(command.commandName) \(text)")
        }
      }
    }
    #expect(!page.contains("\n@"))
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func scripts(_ shell: String) async throws {
    #expect(try await Program("").run("completions", shell).output.contains("__complete"))
  }
}

import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct OtherCommandTests {
  private static let file = "base:\n    echo base\napp: base\n    echo app\n"

  @Test func lists() async throws {
    #expect(try await Program(Self.file).run("list").output == "base\napp\n")
    #expect(try await Program(Self.file).run("list", "a*").output == "app\n")
  }

  @Test func status() async throws {
    let program = try Program(Self.file)
    #expect(
      try await program.run("status").output == """
        base  stale: never built
        app   stale: never built

        """)
    #expect(!program.exists(".stackmake"))
    try await program.run()
    #expect(
      try await program.run("status").output == """
        base  up to date, built T ago
        app   up to date, built T ago

        """)
  }

  @Test func statusBelowAFailure() async throws {
    let program = try Program("base:\n    false\napp: base\n    echo app\ntop: app\n    echo top\nother:\n    true\n")
    #expect(try await program.run("-k").status == 3)
    #expect(
      try await program.run("status").output == """
        base   failed: exit status 1
        other  up to date, built T ago
        app    unknown: waits for `base`, which failed
        top    unknown: waits for `base`, which failed

        """)
  }

  @Test func log() async throws {
    let program = try Program(Self.file)
    let none = try await program.run("log", "app")
    #expect(none.status == 2)
    #expect(none.errors == "stackmake: error: `app` has no log: it was never built here\n")
    try await program.run()
    #expect(
      try await program.run("log", "app").output == """
        == app: never built
        == step 1 of 1: echo app
        -- + local: echo app
        app
        == step 1 took T s
        == built after T s

        """)
  }

  @Test func clean() async throws {
    let program = try Program(Self.file)
    #expect(try await program.run("clean").errors == "stackmake: nothing to clean\n")
    try await program.run()
    let plan = try await program.run("clean", "-n")
    #expect(plan.output == "forget app\nforget base\n")
    #expect(try await program.run("-q").status == 0)
    #expect(try await program.run("clean", "app").errors == "stackmake: 1 target forgotten\n")
    #expect(try await program.run("status", "base").output == "base  up to date, built T ago\n")
    #expect(try await program.run("-n").output.hasPrefix("app: never built\n"))
    #expect(try await program.run("clean").errors == "stackmake: 1 target forgotten\n")
    #expect(try await program.run("-q").status == 1)
  }

  @Test func sourcesAreBesideTheStackfile() async throws {
    let program = try Program(
      Self.file,
      files: [
        "sub/Stackfile": "name = web\nx:\n    put a.txt put.txt\n    render b.txt rendered.txt\n",
        "sub/a.txt": "beside it\n", "a.txt": "elsewhere\n", "sub/b.txt": "{{ name }}\n",
      ])
    for words in [["-C", "sub"], ["-f", "sub/Stackfile"]] {
      let run = try await program.start(words).outcome.value
      #expect(run.status == 0, "\(run)")
      #expect(program.read("sub/put.txt") == "beside it\n")
      #expect(program.read("sub/rendered.txt") == "web\n")
      #expect(try await program.run("-C", "sub", "clean").status == 0)
      try program.write("sub/put.txt", "")
    }
    #expect(!program.exists("put.txt"))
  }

  @Test func anotherFileAndDirectory() async throws {
    let program = try Program(
      Self.file, files: ["sub/Stackfile": "x:\n    pwd > where\n", "sub/Other": "y:\n    true\n"])
    #expect(try await program.run("-C", "sub", "list").output == "x\n")
    #expect(try await program.run("-C", "sub", "-f", "Other", "list").output == "y\n")
    #expect(try await program.run("list", "-f", "sub/Other").output == "y\n")
    #expect(try await program.run("-C", "sub").status == 0)
    #expect(program.read("sub/where")?.hasSuffix("/sub\n") == true)
    #expect(program.exists("sub/.stackmake"))
    #expect(!program.exists(".stackmake"))
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var words: [String]
    var stackfile = "base:\n    echo base\napp: base\n    echo app\n"
    var errors: String
    var testDescription: String { words.joined(separator: " ") + stackfile.prefix(12) }
  }

  @Test(arguments: [
    Wrong(words: ["bse"], errors: "error: no target is called `bse`\nnote: did you mean `base`?\n"),
    Wrong(words: ["why", "ap"], errors: "error: no target is called `ap`\nnote: did you mean `app`?\n"),
    Wrong(words: ["-f", "nothere"], errors: "error: can't read `nothere`: no such file or directory\n"),
    Wrong(
      words: ["--wrong"],
      errors: """
        Error: Unknown option '--wrong'. Did you mean '--json'?
        Usage: stackmake build [<options>] [<goal> ...]
          See 'stackmake build --help' for more information.

        """),
    Wrong(
      words: ["-j", "0"],
      errors: """
        Error: -j takes a whole number from 1.
        Usage: stackmake build [<options>] [<goal> ...]
          See 'stackmake build --help' for more information.

        """),
    Wrong(
      words: [], stackfile: "web: app databse\n    true\ndatabase:\n    true\napp:\n    true\n",
      errors: """
        error: rule `web` depends on `databse`, which no rule makes
         ——▶ Stackfile:1:10
          │
        1 │ web: app databse
          │          ^^^^^^^
          │
        note: did you mean `database`?

        """),
  ]) func wrongUseDoesNothing(_ test: Wrong) async throws {
    let program = try Program(test.stackfile)
    let result = try await program.start(test.words).outcome.value
    #expect(result.status == 2)
    #expect(result.output == "")
    #expect(result.errors == test.errors)
    #expect(!program.exists(".stackmake"))
  }
}

import Foundation
import Testing

/// `plan --save` and `--apply`: what was looked at is what is done, or nothing.
@Suite(.timeLimit(.minutes(5))) struct SavedPlanTests {
  private static let file = """
    word ?= one
    base:
        put in.txt out.txt
    app: base
        echo {{ word }} >> app.txt
    other:
        echo other >> other.txt

    """

  private func planned(_ words: String...) async throws -> Program {
    let program = try Program(Self.file, files: ["in.txt": "first\n"])
    let plan = try await program.start(["plan", "--save", "p.json"] + words).outcome.value
    #expect(plan.status == 0, "\(plan)")
    return program
  }

  @Test func whatWasPlannedIsDone() async throws {
    let program = try await planned("app")
    #expect(!program.exists(".stackmake"))
    let check = try await program.run("-n", "--apply", "p.json")
    #expect(check.status == 0)
    #expect(check.output.hasSuffix("stackmake: 2 targets of 2 would be built\n"), "\(check)")
    let run = try await program.run("--apply", "p.json")
    #expect(run.status == 0, "\(run)")
    #expect(run.errors.hasSuffix("stackmake: 2 targets: 2 built (T s)\n"), "\(run.errors)")
    #expect(program.read("app.txt") == "one\n")
    // Nothing but its goals.
    #expect(!program.exists("other.txt"))

    // It was done: it can't be done again.
    let again = try await program.run("--apply", "p.json")
    #expect(again.status == 6)
    #expect(
      again.errors.replacing(/[0-9a-f]{8}…/, with: "HEX…") == """
        stackmake: error: p.json no longer holds, and nothing was done:
          base: on record it was never built, and is built in run 1 (HEX…)
          app: on record it was never built, and is built in run 1 (HEX…)
          hint: `stackmake plan --save p.json app` makes a new one

        """)
    #expect(try await program.run("-n", "--apply", "p.json").status == 6)
    #expect(program.read("app.txt") == "one\n")
  }

  @Test func variablesAndForceAreInThePlan() async throws {
    let program = try await planned("app", "word=two")
    #expect(try await program.run("--apply", "p.json").status == 0)
    #expect(program.read("app.txt") == "two\n")
    #expect(try await program.run("plan", "--save", "p.json", "-B", "app", "word=two").status == 0)
    #expect(try await program.run("--apply", "p.json").status == 0)
    #expect(program.read("app.txt") == "two\ntwo\n")
  }

  @Test func aPlanOfNothing() async throws {
    let program = try Program(Self.file, files: ["in.txt": "first\n"])
    try await program.run()
    let plan = try await program.run("plan", "--save", "p.json")
    #expect(plan.output == "stackmake: 3 targets up to date, nothing to do\n")
    #expect(
      plan.errors == "stackmake: kept in p.json: `stackmake --apply p.json` does it, where nothing moves till then\n")
    let run = try await program.run("--apply", "p.json")
    #expect(run.status == 0 && run.errors == "stackmake: 3 targets are up to date\n", "\(run)")
  }

  struct Change: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String?
    /// Lines that are said, digests apart.
    var moved: [String]
    var testDescription: String { moved.joined(separator: "; ") }
  }

  private static let stackfile = "Stackfile: sha256 HEX… -> HEX…"

  @Test(arguments: [
    Change(
      name: "in.txt", text: "second\n",
      moved: [
        "base: file `in.txt` changed (sha256 HEX… -> HEX…)",
        "app: output `inputs` of `base` changed (DIGEST -> DIGEST)",
      ]),
    Change(
      name: "Stackfile", text: file.replacing("?= one", with: "?= three"),
      moved: [stackfile, "app: step 1 changed: `echo one >> app.txt` -> `echo three >> app.txt`"]),
    Change(name: "Stackfile", text: file + "# more\n", moved: [stackfile]),
    Change(
      name: "Stackfile", text: file.replacing("app: base", with: "app: base new") + "new:\n    true\n",
      moved: [stackfile, "app: output `inputs` of `new` was added (DIGEST)", "new: it is new"]),
    Change(
      name: "Stackfile", text: file.replacing("app: base", with: "app:"),
      moved: [
        stackfile, "base: it was in the plan, and is no target any more",
        "app: output `inputs` of `base` was removed (it was DIGEST)",
      ]),
  ])
  func whatMovedIsNamed(_ change: Change) async throws {
    let program = try await planned("app")
    try program.write(change.name, change.text ?? "")
    let run = try await program.run("--apply", "p.json")
    #expect(run.status == 6, "\(run)")
    let lines = run.errors.replacing(/[0-9a-f]{8}…/, with: "HEX…").split(separator: "\n").map(String.init)
    #expect(lines.first == "stackmake: error: p.json no longer holds, and nothing was done:")
    #expect(Array(lines.dropFirst().dropLast()) == change.moved.map { "  " + $0 }, "\(lines)")
    #expect(!program.exists("out.txt") && !program.exists("app.txt"))
  }

  @Test func aFailureSinceThen() async throws {
    let program = try Program("a:\n    test -e good\n")
    #expect(try await program.run("plan", "--save", "p.json").status == 0)
    #expect(try await program.run().status == 3)
    let run = try await program.run("--apply", "p.json")
    #expect(run.status == 6)
    #expect(run.errors.contains("  a: on record it was never built, and is failed in run 1 ("), "\(run.errors)")
  }

  /// The plan holds no password, and making it later moves nothing.
  @Test func secretsStaySecret() async throws {
    let program = try Program(
      "secret PASSWORD\na:\n    echo {{ PASSWORD }} > made\nb: a\n    echo {{ PASSWORD }} > more\n")
    #expect(try await program.run("plan", "--save", "first.json").status == 0)
    #expect(try await program.run("--apply", "first.json").status == 0)
    let password = try #require(program.read("made")).trimmingCharacters(in: .newlines)
    #expect(try await program.run("plan", "--save", "p.json", "-B").status == 0)
    #expect(program.read("p.json")?.contains(password) == false)
    #expect(try await program.run("--apply", "p.json").status == 0)
  }

  /// What is planned is no more than what can be: what is locked stays so.
  @Test func locks() async throws {
    let program = try Program("a:\n    once test -e good\nb:\n    echo b > b.txt\n")
    #expect(try await program.run("a").status == 4)
    #expect(try await program.run("plan", "--save", "p.json").status == 4)
    #expect(try await program.run("--apply", "p.json").status == 4)
    #expect(program.read("b.txt") == "b\n")
  }

  @Test func wrongUse() async throws {
    let program = try Program(Self.file, files: ["in.txt": "first\n", "bad.json": "{\"version\": 1}"])
    let missing = try await program.run("--apply", "none.json")
    #expect(missing.status == 2)
    #expect(missing.errors == "stackmake: error: can't read none.json: No such file or directory\n")
    let bad = try await program.run("--apply", "bad.json")
    #expect(bad.status == 2)
    #expect(
      bad.errors
        == "stackmake: error: bad.json is no plan of this version\n  hint: `stackmake plan --save FILE` makes one\n")
    for words in [
      ["--apply", "bad.json", "app"], ["--apply", "bad.json", "-B"], ["--apply", "bad.json", "-q"],
      ["--apply", "bad.json", "--no-refresh"], ["plan", "--save", "p.json", "--no-refresh"],
      ["plan", "--save", "nowhere/p.json"],
    ] {
      #expect(try await program.start(words).outcome.value.status == 2, "\(words)")
    }
    #expect(!program.exists("p.json"))
  }
}

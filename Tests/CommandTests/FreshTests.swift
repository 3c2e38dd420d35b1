import Foundation
import Testing

/// Runs that have nothing to do, and say so by what an earlier one left.
@Suite(.timeLimit(.minutes(5))) struct FreshTests {
  private static let file = """
    include parts/*.stack
    app:
        put conf/a.txt out/
        echo {{ env WORD }} > app.out
    """

  private func program() throws -> Program {
    try Program(Self.file, files: ["conf/a.txt": "A\n", "parts/one.stack": "one:\n    echo 1 > one.out\n"])
  }

  private static let word = ["WORD": "a"]
  private static let nothing = "stackmake: 2 targets are up to date\n"

  /// Runs until what was written a moment ago has settled, and a proof is there.
  private func prove(_ program: Program, _ words: String...) async throws {
    for _ in 0..<200 where !program.exists(".stackmake/fresh") {
      _ = try await program.start(["-s"] + words, environment: Self.word).outcome.value
    }
    #expect(program.exists(".stackmake/fresh"))
  }

  @Test func whatWasProvedIsNotWorkedOutAgain() async throws {
    let program = try program()
    try await prove(program)
    // A run that works it out is on record.
    let before = program.everything()
    let build = try await program.run(environment: Self.word)
    #expect(build.status == 0)
    #expect(build.output + build.errors == Self.nothing)
    let plan = try await program.run("-n", environment: Self.word)
    #expect(plan.status == 0)
    #expect(plan.output + plan.errors == "stackmake: 2 targets up to date, nothing to do\n")
    for words in [["-q"], ["-s"], ["-q", "--no-refresh"]] {
      let result = try await program.start(words, environment: Self.word).outcome.value
      #expect(result.status == 0)
      #expect(result.output + result.errors == "")
    }
    #expect(program.everything() == before)
    #expect(try await program.run("-v", environment: Self.word).errors.contains("app: up to date\n"))
    #expect(try await program.run("-n", "-B", environment: Self.word).output.contains("would be built"))
  }

  @Test func aDryRunProvesToo() async throws {
    let program = try program()
    try await program.run("-s", environment: Self.word)
    #expect(!program.exists(".stackmake/fresh"))
    try await prove(program, "-n")
    let before = program.everything()
    #expect(try await program.run(environment: Self.word).errors == Self.nothing)
    #expect(program.everything() == before)
  }

  @Test func aFastEditIsSeen() async throws {
    let program = try program()
    try await prove(program)
    // The same size, and as fast as it goes.
    for word in ["B", "C", "D", "E"] {
      try program.write("conf/a.txt", "\(word)\n")
      try await program.run("-s", environment: Self.word)
      #expect(program.read("out/a.txt") == "\(word)\n")
      try program.write("Stackfile", Self.file.replacing("> app", with: "\(word)> app"))
      try await program.run("-s", environment: Self.word)
      #expect(program.read("app.out") == "a \(word)\n")
    }
  }

  @Test(arguments: ["another word", "a new include", "a goal", "a variable", "a change of the record"])
  func whatChangesIsSeen(what: String) async throws {
    let program = try program()
    try await prove(program)
    var words: [String] = []
    var word = Self.word
    var errors = "app: building ("
    switch what {
    case "another word": word["WORD"] = "b"
    case "a new include":
      try program.write("parts/two.stack", "two:\n    true\n")
      errors = "two: building (never built)"
    case "a goal": (words, errors) = (["one"], "stackmake: 1 target is up to date\n")
    case "a variable": (words, errors) = (["x=1"], Self.nothing)
    default:
      try await program.run("clean", "app", "--yes", environment: word)
      errors = "app: building (never built)"
    }
    #expect(try await program.start(words, environment: word).outcome.value.errors.hasPrefix(errors))
  }

  /// They bring forty others along, and with those starting takes several times as long.
  @Test func startingLoadsNoLibraryForTheNetwork() async throws {
    let program = try program()
    for words in [["--version"], ["-n"], ["-s"]] {
      let environment = Self.word.merging(["LD_DEBUG": "files"]) { $1 }
      let said = try await program.start(words, environment: environment).outcome.value
      #expect(said.status == 0)
      #expect(said.errors.contains("libsqlite3"))
      for library in ["libcurl", "libssh", "libssl"] { #expect(!said.errors.contains(library), "\(words): \(library)") }
    }
  }
}

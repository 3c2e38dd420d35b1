import Foundation
import Testing

/// What a recipe prints last, in the recipes of others.
@Suite(.timeLimit(.minutes(5))) struct ResultTests {
  private static let file = """
    chosen:
        local
            echo looking
            cat version
            echo "  "
    used:
        echo {{ result chosen }} > used.out
    after: chosen
        echo again >> after.out
    """

  @Test func isUsedAndOnlyItsValueCounts() async throws {
    let program = try Program(Self.file, files: ["version": "  v1 \n"])
    let first = try await program.run()
    #expect(first.status == 0, "\(first)")
    #expect(program.read("used.out") == "v1\n")
    let second = try await program.run()
    #expect(second.errors == "stackmake: 3 targets are up to date\n")
    // It runs again, and says the same: nothing follows.
    let same = try await program.run("-B", "chosen")
    #expect(same.status == 0)
    let third = try await program.run()
    #expect(third.errors == "stackmake: 3 targets are up to date\n")
    // Another value: who uses it runs again, and says why.
    try program.write("version", "v2\n")
    let forced = try await program.run("-B", "chosen")
    #expect(forced.status == 0)
    let why = try await program.run("-n", "used")
    #expect(why.output.contains("echo v1 > used.out") && why.output.contains("echo v2 > used.out"), "\(why)")
    let fourth = try await program.run()
    #expect(fourth.status == 0)
    #expect(program.read("used.out") == "v2\n")
  }

  @Test func isKnownAgainAfterEveryKill() async throws {
    for point in 1...12 {
      let program = try Program(Self.file, files: ["version": "v1\n"])
      _ = try await program.run(environment: ["STACKMAKE_TEST_KILL_AT": "\(point)"])
      let run = try await program.run()
      #expect(run.status == 0, "killed at \(point): \(run)")
      #expect(program.read("used.out") == "v1\n", "killed at \(point)")
    }
  }

  @Test func anUnknownTargetIsAnError() async throws {
    let program = try Program("used:\n    echo {{ result choosen }}\nchosen:\n    echo x\n")
    let run = try await program.run()
    #expect(run.status == 2)
    #expect(run.errors.contains("no rule makes `choosen`"), "\(run)")
    #expect(run.errors.contains("did you mean `chosen`?"), "\(run)")
  }
}

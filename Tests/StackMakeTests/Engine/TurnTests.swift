import StackMake
import Support
import Testing

/// What builds leave in the history.
@Suite(.timeLimit(.minutes(2))) struct TurnTests {
  @Test func eachTurnIsKeptWithItsSteps() async throws {
    let world = EngineWorld(files: ["f": "text\n"])
    world.runner.fail("b 1")
    let text = "a:\n    one\n    put f x/\nb: a\n    two\nc: b\n    three\n"
    let result = try await world.build(text)
    let turns = world.store.turns(of: 1)
    #expect(turns.map(\.target) == ["a", "b"])
    #expect(turns.map(\.outcome) == ["built", "failed"])
    #expect(turns[0].reasons == ["never built"])
    #expect(turns[0].steps.map(\.number) == [1, 2])
    #expect(turns[0].steps.map(\.text) == ["one", "put f x/"])
    #expect(turns[0].steps.allSatisfy { $0.seconds != nil && $0.startedAt >= turns[0].startedAt })
    #expect(turns[1].cause?.isEmpty == false)
    #expect(turns[1].steps.map(\.seconds) == [nil])
    #expect(result.summary.turns.isEmpty)
    #expect(world.store.keptText(Fingerprint(of: "text\n")) == "text\n")
  }

  @Test func whatIsLockedIsHandedBackAndWritesNothing() async throws {
    let world = EngineWorld()
    let text = "a:\n    once {{ v }}\nv = 1\n"
    try await world.build(text)
    let before = world.store.points
    let result = try await world.build(text.replacing("v = 1", with: "v = 2"))
    #expect(result.summary.turns.map(\.target) == ["a"])
    #expect(result.summary.turns.map(\.outcome) == ["locked"])
    #expect(world.store.points == before + ["run:begin"])
  }

  @Test func longAndBinaryFilesAreNotKept() async throws {
    let long = String(repeating: "x", count: KeptText.longestFile + 1)
    let world = EngineWorld(files: ["long": long, "binary": "a\0b", "short": "S3 is secret\n"])
    try await world.build("a:\n    put long x\n    put binary y\n    put short z\n", secrets: ["P": "S3"])
    #expect(world.store.keptText(Fingerprint(of: long)) == nil)
    #expect(world.store.keptText(Fingerprint(of: "a\0b")) == nil)
    let kept = try #require(world.store.keptText(Fingerprint(of: "S3 is secret\n")))
    #expect(kept == "••••[\(Fingerprint(of: "S3").short)] is secret\n")
  }
}

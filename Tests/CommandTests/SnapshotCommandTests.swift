import Support
import Testing

/// `snapshot` where nothing can be kept.
@Suite(.timeLimit(.minutes(5))) struct SnapshotCommandTests {
  @Test func withoutAnythingStacked() async throws {
    let program = try Program("a:\n    true\n")
    let made = try await program.run("snapshot")
    #expect(made.status == 2)
    #expect(made.errors == "stackmake: error: snapshot: there is no stacked/X to make a snapshot of\n")
    #expect(try await program.run("snapshot", "a").status == 2)
    let list = try await program.run("snapshot", "--list")
    #expect(list.status == 0)
    #expect(list.output == "stackmake: there is no snapshot\n")
    #expect(try await program.run("snapshot", "--delete").errors == "stackmake: 0 images deleted\n")
    #expect(try await program.run("snapshot", "--delete", "--list").status == 2)
    let unknown = try await program.run("snapshot", "b")
    #expect(unknown.status == 2)
  }

  @Test func ofServersThatExist() async throws {
    let program = try Program(
      "cloud = static\nlayout:\n    web host=192.0.2.1\nstacked/web:\n    once true\n")
    let made = try await program.run("snapshot")
    #expect(made.status == 2)
    #expect(
      made.errors == """
        stackmake: error: snapshot: servers of `cloud = static` aren't made from images: there is nothing to make a \
        snapshot of

        """)
  }

  @Test func whatWouldRunAgain() async throws {
    let program = try Program(
      "cloud = static\nlayout:\n    web host=192.0.2.1\nstacked/web:\n    once true\nother: server/web\n    on web\n    once true\n"
    )
    let made = try await program.run("snapshot")
    #expect(made.status == 2)
    #expect(
      made.errors == """
        stackmake: error: snapshot: other has a step that runs once on web, and would run it again on what the snapshot \
        holds

        """)
  }
}

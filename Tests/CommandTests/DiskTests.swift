import Foundation
import Testing

/// Disks that can't be written, are full, or become so, and what the program says and keeps.
@Suite(.enabled(if: geteuid() == 0, "mounts need root"), .timeLimit(.minutes(5))) struct DiskTests {
  private static let file = "base:\n    true\napp: base\n    echo app\n"

  // MARK: - Read-only

  @Test func aDiskThatCanNotBeWrittenIsSaid() async throws {
    let program = try Program(Self.file)
    try await program.run("-s")
    try await program.onReadOnlyDisk {
      for words in [[], ["-B"], ["clean", "app"], ["clean", "--yes"]] {
        let result = try await program.start(words).outcome.value
        #expect(result.status == 3)
        #expect(result.output == "")
        #expect(
          result.errors == """
            stackmake: error: write to the state directory: \(program.path)/.stackmake: Read-only file system
              hint: run as the user who owns `\(program.path)/.stackmake`, on a disk that can be written

            """)
      }
    }
  }

  @Test func aStateDirectoryThatCanNotBeMadeIsSaid() async throws {
    let program = try Program(Self.file)
    try await program.onReadOnlyDisk {
      let result = try await program.run()
      #expect(result.status == 3)
      #expect(
        result.errors == """
          stackmake: error: create the state directory: \(program.path)/.stackmake: Read-only file system
            hint: run as the user who owns `\(program.path)/.stackmake`, on a disk that can be written

          """)
      #expect(try await program.run("-n").output.hasSuffix("stackmake: 2 targets of 2 would be built\n"))
      #expect(try await program.run("status").output == "base  stale: never built\napp   stale: never built\n")
    }
    #expect(!program.exists(".stackmake"))
  }

  @Test func whatOnlyLooksWorksWithoutWriting() async throws {
    let program = try Program(Self.file)
    try await program.run("-s")
    try program.write("Stackfile", Self.file.replacing("echo app", with: "echo new"))
    let before = program.everything()
    try await program.onReadOnlyDisk {
      let plan = try await program.run("-n")
      #expect(plan.status == 0)
      #expect(
        plan.output == """
          app: step 1 changed: `echo app` -> `echo new`
              1: echo new
          stackmake: 1 target of 2 would be built

          """)
      #expect(try await program.run("-q").status == 1)
      #expect(
        try await program.run("status").output == """
          base  up to date, built T ago
          app   stale: step 1 changed: `echo app` -> `echo new`

          """)
      #expect(try await program.run("why", "base").output == "base: up to date\n")
      #expect(try await program.run("log", "app").output.contains("app\n"))
      #expect(try await program.run("list").output == "base\napp\n")
    }
    #expect(program.everything() == before)
  }

  // MARK: - Full

  private func full(_ program: Program, _ operation: String) -> String {
    """
    \(operation): \(program.path)/.stackmake/record.sqlite: database or disk is full (SQLite code 13)
      hint: make room on the disk and run stackmake again: it goes on from there

    """
  }

  @Test func aFullDiskIsMetBeforeAnythingRuns() async throws {
    let program = try Program("")
    try await program.onSmallDisk("512k", "a:\n    echo >> ran\n") {
      program.fill("early")
      let result = try await program.run()
      #expect(result.status == 3)
      #expect(result.errors == "stackmake: error: " + full(program, "open the record"))
      #expect(!program.exists("ran"))
      #expect(try await program.run("-n").status == 0)
      program.remove("early")
      #expect(try await program.run().status == 0)
      #expect(program.read("ran") == "\n")
    }
  }

  @Test func aDiskThatFillsUpLosesNothing() async throws {
    let program = try Program("")
    let stackfile = "base:\n    echo >> ran\nfill: base\n    cat /dev/zero > filler || true\nlast: fill\n    true\n"
    try await program.onSmallDisk("512k", stackfile) {
      let first = try await program.run()
      #expect(first.status == 3)
      #expect(
        first.errors.contains(
          "fill: failed: record the result: fill: "
            + full(program, "record fill").replacing("\n  hint", with: "\nfill:   hint")), "\(first)")
      #expect(first.errors.contains("last: skipped: it depends on `fill`\n"))
      #expect(first.errors.contains("stackmake: 3 targets: 1 built, 1 failed, 1 skipped (T s)\n"))
      // It can still be looked at, and says so again where it would write.
      #expect(
        try await program.run("status").output == """
          base  up to date, built T ago
          fill  stale: stopped at step 1 in an earlier run
          last  stale: never built

          """)
      let again = try await program.run()
      #expect(again.status == 3)
      #expect(again.errors == "stackmake: error: " + full(program, "record the run"))
      program.remove("filler")
      try program.write("Stackfile", stackfile.replacing("cat /dev/zero > filler || true", with: "true"))
      let last = try await program.run()
      #expect(last.status == 0, "\(last)")
      #expect(last.errors.contains("stackmake: 3 targets: 1 fresh, 2 built (T s)\n"))
      #expect(program.read("ran") == "\n")
    }
  }

  @Test func aOnceStepThatFillsTheDiskEndsAsItEnded() async throws {
    let program = try Program("")
    let stackfile = "a:\n    once echo >> ran; cat /dev/zero > filler || rm -f other\nb: a\n    true\n"
    try await program.onSmallDisk("512k", stackfile) {
      let first = try await program.run()
      #expect(first.status == 3, "\(first)")
      program.remove("filler")
      let second = try await program.run()
      #expect(second.status == 0, "\(second)")
      #expect(program.read("ran") == "\n")
    }
  }
}

extension Program {
  /// Writes until there is no room.
  fileprivate func fill(_ name: String) {
    guard let file = fopen("\(path)/\(name)", "w") else { return }
    let piece = [UInt8](repeating: 1, count: 4096)
    while fwrite(piece, 1, piece.count, file) == piece.count, fflush(file) == 0 {}
    fclose(file)
  }

  fileprivate func remove(_ name: String) { unlink("\(path)/\(name)") }
}

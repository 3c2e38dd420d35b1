import Foundation
import Testing

/// Where the program writes to, and what it says where it can't.
@Suite(.timeLimit(.minutes(5))) struct OutputTests {
  private static let file = "base:\n    echo base\napp: base\n    echo app\n"

  @Test(arguments: [["-n"], ["list"], ["status"], ["graph", "--format", "dot"], ["--json"], ["completions", "bash"]])
  func outputThatIsLostIsAFailure(_ words: [String]) async throws {
    let full = try #require(FileHandle(forUpdatingAtPath: "/dev/full"))
    let program = try Program(Self.file)
    #expect(try await program.start(words, terminal: full).outcome.value.status == 3)
  }

  @Test func aReaderThatWentAwayIsNoFailure() async throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let program = try Program(Self.file)
    #expect(try await program.start(["list"], terminal: pipe.fileHandleForWriting).outcome.value.status == 0)
  }

  @Test func whoWatchesEndsWithItsReader() async throws {
    let program = try Program(Self.file)
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let run = try program.start(["status", "--watch", "0.2"], terminal: pipe.fileHandleForWriting)
    // Something new to be written, where the first lines were lost on their way.
    try await program.run("-s")
    #expect(try await run.outcome.value.status == 0)
  }

  @Test(arguments: [["report"], ["plan", "--save"]]) func whereALinkLeadsToIsWritten(_ words: [String]) async throws {
    let program = try Program(Self.file, files: ["real": "old"])
    for (link, target) in [("link", "real"), ("dangling", "made")] {
      try FileManager.default.createSymbolicLink(atPath: "\(program.path)/\(link)", withDestinationPath: target)
      let run = try await program.start(words + [link]).outcome.value
      #expect(run.status == 0, "\(run)")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(program.path)/\(link)") == target)
      #expect(try #require(program.read(target)).count > 100)
    }
  }

  @Test(.enabled(if: geteuid() == 0, "devices need root"), arguments: [["report"], ["plan", "--save"]])
  func aDeviceStaysADevice(_ words: [String]) async throws {
    let program = try Program(Self.file)
    for (name, minor, status) in [("null", 3, 0), ("full", 7, 3)] {
      let path = "\(program.path)/\(name)"
      try #require(mknod(path, S_IFCHR | 0o666, dev_t(1 << 8 | minor)) == 0)
      let run = try await program.start(words + [name]).outcome.value
      #expect(run.status == Int32(status), "\(run)")
      if status == 3 { #expect(run.errors == "stackmake: error: can't write full: No space left on device\n") }
      var found = stat()
      #expect(stat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFCHR)
    }
  }

  @Test func aReportThatCanNotBeWrittenSaysWhy() async throws {
    let run = try await Program(Self.file).run("report", "none/page.html")
    #expect(run.status == 2)
    #expect(run.errors == "stackmake: error: can't write none/page.html: No such file or directory\n")
  }

  @Test func aLogOfNoTargetIsNotWaitedFor() async throws {
    let run = try await Program(Self.file).run("log", "-f", "ap")
    #expect(run.status == 2)
    #expect(run.errors.contains("no target is called `ap`\n"), "\(run)")
  }

  @Test func whereThereIsNoStackfileIsSaid() async throws {
    let program = try Program(Self.file, files: ["empty/file": ""])
    let empty = try await program.run("-C", "empty")
    #expect(empty.status == 2)
    #expect(
      empty.errors.hasSuffix("  hint: `stackmake init` writes a first one, and `-C DIR` looks for one elsewhere\n"))
    let none = try await program.run("-C", "none")
    #expect(none.status == 2)
    #expect(none.errors.hasSuffix("/none`\n") && none.errors.contains("  hint: there is no directory `"), "\(none)")
  }

  @Test func aCommandThatIsTakenForATargetIsNamed() async throws {
    let run = try await Program(Self.file).run("v=1", "why", "app")
    #expect(run.status == 2)
    #expect(
      run.errors.hasSuffix("  hint: `why` is a command where it is the first word, before NAME=VALUE\n"), "\(run)")
  }

  @Test func aLinkThatLeadsNowhereIsNamed() async throws {
    let program = try Program("a:\n    put files out\n", files: ["files/one": "1"])
    try FileManager.default.createSymbolicLink(atPath: "\(program.path)/files/x", withDestinationPath: "nowhere")
    let run = try await program.run("-n")
    #expect(run.status == 2)
    #expect(run.errors.contains("can't read files/x: No such file or directory"), "\(run)")
  }

  @Test func whatRunsOnServersHasNoJSON() async throws {
    let run = try await Program(Self.file).run("run", "web", "--json", "--", "true")
    #expect(run.status == 2)
    #expect(run.errors == "stackmake: error: what servers print is no JSON: `run` has no --json\n")
  }

  /// What somebody builds now isn't what an earlier run left.
  @Test func besideABuildItIsSaidThatItRuns() async throws {
    let program = try Program("slow:\n    true\n    touch begun; while ! test -e go; do sleep 0.02; done\n")
    let build = try program.start([])
    #expect(await Program.wait { program.exists("begun") })
    let why = try await program.run("why", "slow")
    #expect(why.output.contains("is being built now, at step 2"), "\(why)")
    #expect(try await program.run("-n").output.contains("slow: is being built now, at step 2\n"))
    let status = try await program.run("status", "--json")
    #expect(try !JSONSchemaTests.types(of: status.output, ["status"]).isEmpty)
    #expect(status.output.contains(#""what":"running""#) && !status.output.contains("unfinished"), "\(status)")
    try program.write("go", "")
    #expect(try await build.outcome.value.status == 0)
  }

  @Test func linesOfAScriptAreThoseOfTheUser() async throws {
    let run = try await Program("a:\n    for i in 1 2; do\n        true\n        echo $UNDEF\n        done\n").run("a")
    #expect(run.status == 3)
    #expect(run.errors.contains("line 3: UNDEF: unbound variable"), "\(run)")
  }

  @Test func aStepThatTookTooLongSaysWhatToWrite() async throws {
    let run = try await Program("a: timeout = 300ms\na:\n    sleep 60\n").run("a")
    #expect(run.status == 3)
    #expect(run.errors.contains("it took longer than T s, and was ended"), "\(run)")
    #expect(run.errors.contains("hint: `timeout` says how long a step may take: `TARGET: timeout = 3h`"), "\(run)")
  }

  /// It is begun once, and repeats itself.
  @Test(arguments: [(2, Int32(0)), (9, 4)]) func onceMayRepeatItself(_ wanted: Int, _ status: Int32) async throws {
    let program = try Program(
      "a:\n    once retry count=3 every=10ms\n        echo l >> log\n        [ $(wc -l < log) -ge \(wanted) ]\n"
        + "        echo done >> log\n")
    let run = try await program.run("a")
    #expect(run.status == status, "\(run)")
    let lines = try #require(program.read("log")).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.contains("done") == (status == 0))
    #expect(run.errors.contains("attempt 1 of 3 failed: exit status 1"), "\(run)")
    #expect(try await program.run("a").status == status)
    #expect(program.read("log")?.split(separator: "\n").count == 3)
  }
}

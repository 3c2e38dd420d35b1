import Foundation
import Glibc
import Testing

/// `status --watch`: beside a build, on a terminal and elsewhere.
@Suite(.timeLimit(.minutes(5))) struct StatusWatchTests {
  private static let file = """
    base:
        echo base
    app: base
        until [ -e go ]; do sleep 0.1; done

    """

  /// What the program has written so far on standard output.
  private func watch(_ program: Program, _ words: String...) throws -> (run: Program.Running, output: FileReader) {
    let run = try program.start(["status"] + words)
    return (run, FileReader(run.outputFile))
  }

  private struct FileReader {
    let path: String
    init(_ path: String) { self.path = path }
    var text: String {
      Program.settled(String(decoding: (try? Data(contentsOf: URL(filePath: path))) ?? Data(), as: UTF8.self))
    }
  }

  @Test func saysWhatChangesBesideABuild() async throws {
    let program = try Program(Self.file)
    let (run, output) = try watch(program, "--watch", "0.1")
    #expect(
      await Program.wait { output.text == "base  stale: never built\napp   stale: never built\n" }, "\(output.text)")
    let build = try program.start([])
    #expect(await Program.wait { output.text.contains("app   running\n") }, "\(output.text)")
    try program.write("go", "")
    // It was held up by nobody who looks.
    #expect(try await build.outcome.value.status == 0)
    #expect(await Program.wait { output.text.hasSuffix("app   up to date, built T ago\n") }, "\(output.text)")
    #expect(output.text.contains("base  up to date, built T ago\n"))

    // A Stackfile that is being edited ends nothing.
    try program.write("Stackfile", "base:\n    echo {{ nobody }}\n")
    #expect(
      await Program.wait {
        FileReader(run.errorFile).text.contains("unknown name") || FileReader(run.errorFile).text.contains("nobody")
      },
      "\(FileReader(run.errorFile).text)")
    try program.write("Stackfile", "base:\n    echo base\n")
    // Not at the end of what it says: it may look while the file is half written, and `base` is gone and comes back.
    #expect(await Program.wait { output.text.contains("app  gone: it is no target any more\n") }, "\(output.text)")
    run.signal(SIGINT)
    #expect(try await run.outcome.value.status == 130)
  }

  @Test func json() async throws {
    let program = try Program("a:\n    true\n")
    let (run, output) = try watch(program, "--json", "--watch=0.1")
    #expect(await Program.wait { output.text.contains("\"state\":\"stale\"") })
    try await program.run()
    #expect(await Program.wait { output.text.contains("\"state\":\"fresh\"") })
    run.signal(SIGTERM)
    let end = try await run.outcome.value
    #expect(end.status == 130)
    for line in end.output.split(separator: "\n") {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
  }

  @Test func drawsOnATerminal() async throws {
    let program = try Program(Self.file)
    let run = try TerminalRun(program, ["status", "--watch", "0.1"], width: 60)
    try await run.waits(for: [
      "base  stale: never built", "app  stale: never built", "stackmake: looks every", "Ctrl-C ends it",
    ])
    let build = try program.start([])
    try await run.waits(for: ["app  running", "base  up to date"])
    try program.write("go", "")
    #expect(try await build.outcome.value.status == 0)
    try await run.waits(for: ["app  up to date"])
    // One frame, not one below the other.
    #expect(run.text.split(separator: "\n").count == 3, "\(run.text)")
    run.running.signal(SIGINT)
    #expect(try await run.status() == 130)
  }

  @Test func wrongIntervals() async throws {
    let program = try Program("a:\n    true\n")
    for words in [["--watch", "0"], ["--watch=x"], ["--watch", "1e9"]] {
      #expect(try await program.start(["status"] + words).outcome.value.status == 2, "\(words)")
    }
  }
}

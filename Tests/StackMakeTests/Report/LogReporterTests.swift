import FoundationEssentials
import Support
import SystemPackage
import Testing

@testable import StackMake

@Suite struct LogReporterTests {
  let scratch: ScratchDirectory
  let files: LogFiles

  init() throws {
    scratch = try ScratchDirectory()
    files = LogFiles(directory: scratch.path.appending(".stackmake/logs"))
  }

  private func text(_ path: FilePath) throws -> String { try String(contentsOfFile: path.string, encoding: .utf8) }

  @Test func writesALogForEachTarget() throws {
    let reporter = LogReporter(files)
    for event in ReporterTests.run { reporter.report(event) }
    let path = try #require(files.path(of: "server/a"))
    #expect(path == scratch.path.appending(".stackmake/logs/server:a/7.log"))
    #expect(
      try text(path) == """
        == server/a: never built
        == step 1 of 2: apt-get update
        -- + GET /servers
        Hit:1 \u{1b}[1mdebian\u{1b}[0m
        == step 1 took 3.0 s
        == built after 12 s

        """)
    #expect(
      try text(try #require(files.path(of: "web"))) == """
        == web: asked for with `-B`; stopped at step 1 in an earlier run
        (b) one
        == step 1 of 1 on b: make web
        -- waiting for ssh
        == failed: create server: lab-1: nova answered 403
        quota reached
          hint: raise the quota
        == after 5.0 s

        """)
    #expect(files.path(of: "layout") == nil)
    #expect(reporter.problem == nil)
    for name in [path, path.removingLastComponent()] {
      let attributes = try FileManager.default.attributesOfItem(atPath: name.string)
      #expect(attributes[.posixPermissions] as? Int == (name == path ? 0o600 : 0o700))
    }
  }

  @Test func keepsTheLastTenRuns() throws {
    for run in 1...13 {
      let reporter = LogReporter(files)
      reporter.report(.runStarted(run: Int64(run), wanted: 1))
      reporter.report(.started(target: "a", reasons: [], expectedSeconds: nil))
      reporter.report(.finished(target: "a", outcome: .built, seconds: 1))
    }
    #expect(files.runs(of: "a") == Array(4...13))
  }

  @Test func followsIntoTheNextRun() throws {
    let reporter = LogReporter(files)
    var tail = LogTail(files, target: "a")
    #expect(try tail.next() == [])
    func run(_ number: Int64) {
      reporter.report(.runStarted(run: number, wanted: 1))
      reporter.report(.started(target: "a", reasons: [.forced], expectedSeconds: nil))
    }
    run(1)
    #expect(try String(decoding: tail.next(), as: UTF8.self) == "== a: asked for with `-B`\n")
    reporter.report(.output(target: "a", place: nil, line: "one"))
    reporter.report(.output(target: "a", place: nil, line: "two"))
    #expect(try String(decoding: tail.next(), as: UTF8.self) == "one\ntwo\n")
    reporter.report(.finished(target: "a", outcome: .built, seconds: 1))
    run(2)
    #expect(
      try String(decoding: tail.next(), as: UTF8.self) == "== built after 1.0 s\n== a: asked for with `-B`\n")
    #expect(try tail.next() == [])
    // A new follower begins with the last run.
    var other = LogTail(files, target: "a")
    #expect(try String(decoding: other.next(), as: UTF8.self) == "== a: asked for with `-B`\n")
  }

  @Test func remembersThatALogCanNotBeWritten() throws {
    try Data().write(to: URL(filePath: scratch.path.appending(".stackmake").string))
    let reporter = LogReporter(files)
    reporter.report(.started(target: "a", reasons: [], expectedSeconds: nil))
    reporter.report(.output(target: "a", place: nil, line: "x"))
    #expect(reporter.problem == "the log of `a` can't be written: Not a directory")
  }

  @Test func namesFoldersApart() {
    let names = ["a", "a/b", "..", ".", "a/..", String(repeating: "x", count: 300), String(repeating: "x", count: 301)]
    let folders = names.map(LogFiles.folderName)
    #expect(folders.prefix(5) == ["a", "a:b", "=..", "=.", "a:.."])
    #expect(Set(folders).count == names.count)
    #expect(folders.allSatisfy { $0.utf8.count <= 200 && !$0.contains("/") })
  }
}

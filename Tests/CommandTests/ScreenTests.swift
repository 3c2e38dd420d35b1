import Foundation
import Support
import Testing

/// What people see, at two widths: kept in docs/screens, and compared. STACKMAKE_WRITE_SCREENS=yes writes them anew.
@Suite struct ScreenTests {
  static let widths = [80, 140]

  /// Steps on this machine that wait for files, so that what is shown at a moment is known.
  private static let stackfile = """
    version ?= 1
    base:
        echo "packages of version {{ version }}" && sleep 0
    app/api: base
        until [ -e go ]; do echo "waiting for the database to take connections"; sleep 0.2; done
    app/web: base
        echo "compiling assets, which says a line that is longer than a terminal of eighty columns is wide"
        until [ -e go-on ]; do sleep 0.2; done
        test ! -e bad || (echo "app.scss:12: undefined variable" && exit 65)
    migrated: app/api
        once echo "ALTER TABLE visits ADD COLUMN seen" && test -e good
    verified: migrated app/web
        echo fine

    """

  private func compare(
    _ run: TerminalRun, _ name: String, _ width: Int, sourceLocation: SourceLocation = #_sourceLocation
  )
    throws
  {
    let file = Self.folder.appending(path: "\(name)-\(width).txt")
    let text = run.text
    if ProcessInfo.processInfo.environment["STACKMAKE_WRITE_SCREENS"] != nil { try Data(text.utf8).write(to: file) }
    let expected = try String(decoding: Data(contentsOf: file), as: UTF8.self)
    #expect(text == expected, sourceLocation: sourceLocation)
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/screens")

  @Test(.timeLimit(.minutes(2)), arguments: widths) func aClusterFromItsFirstBuildOn(width: Int) async throws {
    let program = try Program(Self.stackfile)
    func run(_ words: String...) throws -> TerminalRun { try TerminalRun(program, words, width: width) }

    let first = try run()
    try await first.waits(for: ["waiting for the database", "app/web", "2 running", "step 2/3"])
    try compare(first, "first-build", width)
    try program.write("bad", "")
    try program.write("go-on", "")
    try await first.waits(for: ["app/web failed"])
    try program.write("go", "")
    #expect(try await first.status() == 3)
    try compare(first, "failure", width)

    try FileManager.default.removeItem(atPath: "\(program.path)/bad")
    #expect(try await run().status() == 4)
    let locked = try run()
    #expect(try await locked.status() == 4)
    try compare(locked, "locked", width)
    let status = try run("status")
    #expect(try await status.status() == 0)
    try compare(status, "status", width)
    let why = try run("why", "base", "version=2")
    #expect(try await why.status() == 0)
    try compare(why, "why", width)
  }

  /// Scripts that say which part of them runs.
  @Test(.timeLimit(.minutes(2)), arguments: widths) func phasesOfScripts(width: Int) async throws {
    let program = try Program(
      """
      packages/compute:
          echo "::phase 1/3 lists of packages"
              echo "::phase 2/3 packages"
              echo "Unpacking nova-common"
              until [ -e go ]; do sleep 0.1; done
      stacked-controller:
          echo "DevStack is at da2f4d73"
          echo "::phase 1/15 1s Installing package prerequisites"
              echo "::phase 5/15 231s Starting Keystone"
              until [ -e go ]; do sleep 0.1; done
              echo "the bridge isn't there"; exit 1

      """)
    let run = try TerminalRun(program, [], width: width)
    try await run.waits(for: ["2 running", "Unpacking", "phase 5/15 Starting Keystone"])
    try compare(run, "phases", width)
    try program.write("go", "")
    #expect(try await run.status() == 3)
    #expect(run.text.contains("│ in phase 5/15 Starting Keystone"))
  }
}

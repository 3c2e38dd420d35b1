import StackMake
import Support
import Synchronization
import SystemPackage
import Targets
import Testing

@Suite(.timeLimit(.minutes(5))) struct LocalShellTests {
  private final class Heard: Sendable {
    private let state = Mutex<[OutputStream: [UInt8]]>([:])
    func take(_ stream: OutputStream, _ bytes: [UInt8]) { state.withLock { $0[stream, default: []] += bytes } }
    func text(_ stream: OutputStream) -> String { String(decoding: state.withLock { $0[stream] ?? [] }, as: UTF8.self) }
  }

  private func shell(_ scratch: ScratchDirectory) -> LocalShell {
    LocalShell(
      directory: scratch.path, environment: ["PATH": "/usr/bin:/bin", "WORD": "said"],
      jobs: scratch.path.appending("jobs"))
  }

  @Test(
    arguments: [
      ("true", .exited(0)), ("exit 7", .exited(7)), ("false; true", .exited(1)), ("false | true", .exited(1)),
      ("echo $unknown", .exited(1)), ("kill -TERM $$", .signaled("TERM")), ("kill -9 $$", .signaled("KILL")),
    ] as [(String, Targets.ExitStatus)]) func statusOf(script: String, status: Targets.ExitStatus) async throws
  {
    let scratch = try ScratchDirectory()
    #expect(try await shell(scratch).run(script, timeout: nil, output: { _, _ in }) == status)
  }

  @Test func outputDirectoryAndEnvironment() async throws {
    let (scratch, heard) = (try ScratchDirectory(), Heard())
    _ = try await shell(scratch).run("pwd; echo $WORD >&2; cat", timeout: nil) { heard.take($0, $1) }
    #expect(heard.text(.standardOutput) == "\(scratch.path)\n")
    #expect(heard.text(.standardError) == "said\n")
  }

  @Test func aTimeoutEndsIt() async throws {
    let scratch = try ScratchDirectory()
    let error = await #expect(throws: ShellError.self) {
      try await shell(scratch).run("sleep 60", timeout: .milliseconds(100), output: { _, _ in })
    }
    #expect(error?.code == .timeout)
  }

  @Test func putWritesWhatIsNotThere() async throws {
    let scratch = try ScratchDirectory()
    var file = FileUpload(contents: .bytes(Array("x".utf8)), destination: "a/b/c", mode: 0o600, owner: nil)
    #expect(try await shell(scratch).put(file) == .written)
    #expect(try await shell(scratch).put(file) == .unchanged)
    file.mode = 0o644
    #expect(try await shell(scratch).put(file) == .written)
  }
}

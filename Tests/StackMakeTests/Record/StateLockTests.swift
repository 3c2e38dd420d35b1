import FoundationEssentials
import Glibc
import Support
import SystemPackage
import Testing

@testable import StackMake

@Suite(.timeLimit(.minutes(1))) struct StateLockTests {
  let scratch: ScratchDirectory
  let directory: FilePath

  init() throws {
    scratch = try ScratchDirectory()
    directory = scratch.path.appending(".stackmake")
  }

  private var me: StateLock.Holder {
    StateLock.Holder(pid: getpid(), host: "here", since: 1_800_000_000.7, command: "stackmake -j 4\nx")
  }

  /// Starts `sh -c script` in a process of its own.
  private func start(_ script: String) throws -> pid_t {
    var arguments: [UnsafeMutablePointer<CChar>?] =
      ["/bin/sh", "-c", script].map { (word: String) in strdup(word) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    try #require(posix_spawn(&pid, "/bin/sh", nil, nil, &arguments, environ) == 0)
    return pid
  }

  /// A child that takes the lock as another stackmake would, writes `contents` and stays.
  private func holder(contents: String) throws -> pid_t {
    try StateDirectory.prepare(directory)
    let pid = try start(
      "exec 9>>'\(directory)/lock'; flock -x 9; printf '%s' '\(contents)' >&9; touch '\(directory)/ready'; exec sleep 50"
    )
    for _ in 0..<2000 where !FileManager.default.fileExists(atPath: "\(directory)/ready") { usleep(5000) }
    try #require(FileManager.default.fileExists(atPath: "\(directory)/ready"))
    return pid
  }

  private func end(_ pid: pid_t) {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  private func refusal() -> StateLock.LockHeld? {
    do {
      _ = try StateLock.acquire(in: directory, holder: me)
      return nil
    } catch .held(let held) {
      return held
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }

  @Test func namesItsHolder() throws {
    let held = try StateLock.acquire(in: directory, holder: me)
    let contents = try String(contentsOfFile: "\(directory)/lock", encoding: .utf8)
    #expect(contents == "pid \(getpid())\nhost here\nsince 1800000000\ncommand stackmake -j 4 x\n")
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/lock")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let refused = try #require(refusal())
    #expect(refused.holder?.pid == getpid())
    #expect(
      refused.description
        == "another stackmake holds this cluster: pid \(getpid()) on here, since 2027-01-15T08:00:00Z: `stackmake -j 4 x`"
    )
    #expect(StateLock.held(in: directory) == refused)
    _ = consume held
  }

  @Test func isFreeOnceItIsLeft() throws {
    for _ in 0..<3 { _ = try StateLock.acquire(in: directory, holder: me) }
    #expect(StateLock.held(in: directory) == nil)
    #expect(try Data(contentsOf: URL(filePath: "\(directory)/lock")).isEmpty)
  }

  @Test func lookingMakesNothing() {
    #expect(StateLock.held(in: directory) == nil)
    #expect(!FileManager.default.fileExists(atPath: directory.string))
  }

  @Test func isFreeWhenItsHolderWasKilled() throws {
    let pid = try holder(contents: "pid 1\nhost here\nsince 17\ncommand stackmake\n")
    defer { end(pid) }
    let refused = try #require(refusal())
    #expect(refused.holder == StateLock.Holder(pid: 1, host: "here", since: 17, command: "stackmake"))
    end(pid)
    #expect(StateLock.held(in: directory) == nil)
    _ = try StateLock.acquire(in: directory, holder: me)
  }

  @Test(arguments: ["", "nonsense", "pid x\nhost y\nsince z\n", "pid 1\n"])
  func isHeldEvenIfItsFileSaysNothing(contents: String) throws {
    let pid = try holder(contents: contents)
    defer { end(pid) }
    let refused = try #require(refusal())
    #expect(refused.holder == nil)
    #expect(refused.description == "another stackmake holds this cluster (`\(directory)/lock` doesn't say which)")
  }

  @Test func isNotKeptByChildren() throws {
    let pid: pid_t
    do {
      let held = try StateLock.acquire(in: directory, holder: me)
      pid = try start("touch '\(directory)/ready'; exec sleep 50")
      _ = consume held
    }
    defer { end(pid) }
    for _ in 0..<2000 where !FileManager.default.fileExists(atPath: "\(directory)/ready") { usleep(5000) }
    _ = try StateLock.acquire(in: directory, holder: me)
  }
}

import FoundationEssentials
import Glibc
import Support
import Synchronization
import SystemPackage
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5)))
struct RemoteSSHTests {
  @Test func runsInTheHomeOfTheUser() async throws {
    try await withShell { server, shell in
      let output = OutputRecorder()
      let status = try await shell.run("echo out; echo err >&2; pwd; exit 3", timeout: nil, output: output.handler)
      #expect(status == .exited(3))
      #expect(output.standardOutput == "out\n\(server.home)\n")
      #expect(output.standardError == "err\n")
    }
  }

  /// What a handler doesn't take holds up its own command alone; nothing of it is lost.
  @Test func aSlowHandlerHoldsUpNobodyElse() async throws {
    try await withShell { server, shell in
      let isOpen = Mutex(false)
      let taken = Mutex(0)
      let size = 8 << 20
      async let slow = shell.run("head -c \(size) /dev/zero", timeout: nil) { _, bytes in
        // Bounded, so that a failure ends.
        for _ in 0..<30_000 where !isOpen.withLock({ $0 }) { usleep(1000) }
        taken.withLock { $0 += bytes.count }
      }
      let other = SSHShell(server.target())
      let beside = try await status(of: "true", on: other)
      let behind = try await status(of: "true", on: shell)
      #expect(beside == .exited(0) && behind == .exited(0))
      #expect(taken.withLock { $0 } == 0)
      isOpen.withLock { $0 = true }
      let end = try await slow
      #expect(end == .exited(0))
      #expect(taken.withLock { $0 } == size)
      await other.close()
    }
  }

  @Test func refusesAnotherHostKeyAtOnce() async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    var target = server.target()
    let other = HostKey.parse(try SSHKeyPair.generate().publicKey)!
    target.pins = [other]
    let shell = SSHShell(target)
    let begin = ContinuousClock.now
    let error = await #expect(throws: ShellError.self) { try await status(of: "true", on: shell) }
    #expect(ContinuousClock.now - begin < .seconds(60))
    #expect(error?.code == .hostKeyMismatch)
    #expect(error?.cause.contains(other.fingerprint) == true)
    #expect(error?.cause.contains(server.hostKey.fingerprint) == true)
    await shell.close()
  }

  @Test func refusesAServerWithoutAKeyOfThePinnedKind() async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    var target = server.target()
    target.pins = [HostKey(type: "ecdsa-sha2-nistp256", base64: "AAAA")]
    let shell = SSHShell(target)
    let error = await #expect(throws: ShellError.self) { try await status(of: "true", on: shell) }
    #expect(error?.code == .hostKeyMismatch)
    await shell.close()
  }

  @Test func triesARefusedKeyAgainForAWhile() async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    var target = server.target(authenticationLimit: .milliseconds(800))
    let stranger = try SSHKeyPair.generate()
    target.identities = [.privateKey(stranger.privateKey)]
    let shell = SSHShell(target)
    let error = await #expect(throws: ShellError.self) { try await status(of: "true", on: shell) }
    #expect(error?.code == .authentication)
    // First boot is late with the key: the second attempt goes on until it is there.
    target.authenticationLimit = .seconds(30)
    let patient = SSHShell(target)
    async let late = status(of: "true", on: patient)
    let file = try FileDescriptor.open(server.directory.appending("authorized_keys"), .writeOnly, options: .append)
    try file.closeAfter { _ = try file.writeAll("\(stranger.publicKey)\n".utf8) }
    #expect(try await late == .exited(0))
    await shell.close()
    await patient.close()
  }

  @Test func givesUpOnAnAddressWhereNobodyListens() async throws {
    let server = try TestSSHServer.start()
    var target = server.target(connectLimit: .milliseconds(700))
    server.stop()
    target.identities = []
    let shell = SSHShell(target)
    let begin = ContinuousClock.now
    let error = await #expect(throws: ShellError.self) { try await status(of: "true", on: shell) }
    #expect(error?.code == .unreachable)
    #expect(error?.cause.contains("refused") == true)
    #expect(ContinuousClock.now - begin >= .milliseconds(700))
    await shell.close()
  }

  @Test func runsTwentyAtOnceOverOneConnection() async throws {
    try await withShell { server, shell in
      let texts = try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<20 {
          group.addTask {
            let output = OutputRecorder()
            let status = try await shell.run("sleep 0.2; echo \(index)", timeout: nil, output: output.handler)
            #expect(status == .exited(0))
            return output.standardOutput
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(texts == Set((0..<20).map { "\($0)\n" }))
      #expect(server.connectionCount == 1)
    }
  }

  /// When the last of those that run end at once, those that wait begin, though nothing more arrives that would wake
  /// anybody: a keepalive, 15 seconds later, must not be what they begin with.
  @Test func beginsWhatWaitsWhenOthersEnd() async throws {
    try await withShell { _, shell in
      for _ in 0..<12 {
        let burst = Task {
          await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
              group.addTask { (try? await shell.run("sleep 0.05", timeout: nil) { _, _ in }) == .exited(0) }
            }
            return await group.reduce(true) { $0 && $1 }
          }
        }
        let limit = Task {
          try await Task.sleep(for: .seconds(12))
          burst.cancel()
        }
        #expect(await burst.value)
        limit.cancel()
      }
    }
  }

  @Test func losesNothingOfALargeOutput() async throws {
    try await withShell { _, shell in
      let count = OutputCounter()
      let status = try await shell.run(
        "head -c 50000000 /dev/zero | tee >(sha256sum >digest); sleep 0.1; head -c 3000000 /dev/zero >&2", timeout: nil,
        output: count.handler)
      #expect(status == .exited(0))
      #expect(count.bytes(of: .standardOutput) == 50_000_000)
      #expect(count.bytes(of: .standardError) == 3_000_000)
    }
  }

  @Test func endsTheTreeOfACancelledScript() async throws {
    try await withShell { server, shell in
      let task = Task {
        try await shell.run(
          """
          (trap '' TERM; echo $BASHPID >stubborn; while :; do sleep 0.1; done) &
          timeout 100 sleep 98765 & echo $! >mild; wait
          """,
          timeout: nil
        ) { _, _ in }
      }
      let stubborn = try await pid(in: server.home.appending("stubborn"))
      let mild = try await pid(in: server.home.appending("mild"))
      task.cancel()
      let error = await #expect(throws: ShellError.self) { try await task.value }
      #expect(error?.code == .interrupted)
      try await eventually { kill(stubborn, 0) != 0 && kill(mild, 0) != 0 }
      #expect(try await status(of: "true", on: shell) == .exited(0))
    }
  }

  /// A signal to its own group doesn't take the watcher along.
  @Test func endsAScriptThatHasSignalledItsGroup() async throws {
    try await withShell { server, shell in
      let task = Task {
        try await shell.run(
          "trap '' HUP INT TERM; kill -HUP 0; kill -TERM 0; sleep 98764 & echo $! >mild; wait", timeout: nil
        ) {
          _, _ in
        }
      }
      let mild = try await pid(in: server.home.appending("mild"))
      task.cancel()
      let error = await #expect(throws: ShellError.self) { try await task.value }
      #expect(error?.code == .interrupted)
      try await eventually { kill(mild, 0) != 0 }
    }
  }

  /// Every byte that a variable of bash can hold arrives, whatever the locale.
  @Test func aScriptArrivesByteForByte() async throws {
    try await withShell { _, shell in
      let letters = String((1...0x2ff).filter { $0 != 0x27 }.map { Character(Unicode.Scalar(UInt32($0))!) })
      let output = OutputRecorder()
      let status = try await shell.run("printf %s '\(letters)'", timeout: nil, output: output.handler)
      #expect(status == .exited(0))
      #expect(output.standardOutput == letters)
      let none = try await shell.run("", timeout: nil) { _, _ in }
      #expect(none == .exited(0))
    }
  }

  @Test func endsAScriptWhenTheConnectionIsLost() async throws {
    try await withShell { server, shell in
      let task = Task { try await shell.run("echo $$ >here; sleep 98764", timeout: nil) { _, _ in } }
      let process = try await pid(in: server.home.appending("here"))
      server.cutConnections()
      let error = await #expect(throws: ShellError.self) { try await task.value }
      #expect(error?.code == .connectionLost)
      try await eventually { kill(process, 0) != 0 }
      #expect(try await status(of: "true", on: shell) == .exited(0))
    }
  }

  @Test func doesNotRunAScriptThatWasCutOff() async throws {
    try await withShell { server, shell in
      let script = "touch ran\n" + String(repeating: "# padding\n", count: 10)
      let request = ExecRequest(
        command: RemoteScript.commandLine(RemoteScript.run, [String(script.utf8.count + 1), ""]),
        input: .bytes(Array(script.utf8)), operation: "run a script"
      ) { _, _ in }
      let status = try await shell.link.perform(request)
      #expect(status == .exited(125))
      #expect(access(server.home.appending("ran").string, F_OK) != 0)
    }
  }

  @Test func waitsForABackgroundProcessOnlyShortly() async throws {
    try await withShell { server, shell in
      let begin = ContinuousClock.now
      let status = try await shell.run("sleep 30 & echo $! >left", timeout: nil) { _, _ in }
      #expect(status == .exited(0))
      #expect(ContinuousClock.now - begin < .seconds(60))
      let left = try await pid(in: server.home.appending("left"))
      #expect(kill(left, 0) == 0)
      kill(left, SIGKILL)
    }
  }

  @Test func sendsALargeFileInPieces() async throws {
    try await withShell { server, shell in
      let path = server.directory.appending("large")
      let script = "head -c 20000000 /dev/urandom >\(path)"
      let made = try await status(of: script, on: shell)
      #expect(made == .exited(0))
      let upload = FileUpload(contents: .file(path), destination: "a b/'c'/large", mode: 0o640, owner: nil)
      let first = try await shell.put(upload)
      #expect(first == .written)
      let compared = try await status(of: "cmp \(path) \"a b/'c'/large\"", on: shell)
      #expect(compared == .exited(0))
      let second = try await shell.put(upload)
      #expect(second == .unchanged)
    }
  }
}

/// A shell on a server of its own.
func withShell(_ body: (TestSSHServer, SSHShell) async throws -> Void) async throws {
  let server = try TestSSHServer.start()
  defer { server.stop() }
  let shell = SSHShell(server.target())
  do {
    try await body(server, shell)
  } catch {
    await shell.close()
    throw error
  }
  await shell.close()
}

/// Runs a script, and forgets what it writes.
func status(of script: String, on shell: any Shell) async throws -> Targets.ExitStatus {
  try await shell.run(script, timeout: nil) { _, _ in }
}

/// Polls a condition for at most 20 seconds.
func eventually(_ condition: () throws -> Bool, sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws
{
  for _ in 0..<400 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(50))
  }
  Issue.record("it never came to be", sourceLocation: sourceLocation)
}

func contents(of path: FilePath) -> String? {
  FileManager.default.contents(atPath: path.string).map { String(decoding: $0, as: UTF8.self) }
}

/// The number that a script wrote to a file, once it is there as a whole line.
func pid(in path: FilePath) async throws -> pid_t {
  var found: pid_t?
  try await eventually {
    guard let text = contents(of: path), text.last == "\n" else { return false }
    found = pid_t(text.dropLast())
    return found != nil
  }
  return try #require(found)
}

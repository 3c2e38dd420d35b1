import Glibc
import Support
import SystemPackage
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(5)))
struct RemotePutTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var destination: String
    var mode: UInt16
    var owner: String?
    /// What `stat` says of it afterwards.
    var stat: String
    var testDescription: String { "\(destination) \(owner ?? "-")" }
  }

  static let cases = [
    Case(destination: "plain", mode: 0o644, owner: nil, stat: "644 root root"),
    Case(destination: "deep/er/file", mode: 0o600, owner: nil, stat: "600 root root"),
    Case(destination: "-dash", mode: 0o755, owner: nil, stat: "755 root root"),
    Case(destination: "it's a $(name) \"here\"", mode: 0o640, owner: nil, stat: "640 root root"),
    Case(destination: "mine", mode: 0o4711, owner: "daemon", stat: "4711 daemon daemon"),
    Case(destination: "theirs", mode: 0o400, owner: "daemon:sys", stat: "400 daemon sys"),
  ]

  @Test(arguments: cases)
  func setsModeAndOwner(_ example: Case) async throws {
    try await withShell { server, shell in
      let bytes = Array("contents\n\0with everything\r\n".utf8)
      let file = FileUpload(
        contents: .bytes(bytes), destination: example.destination, mode: example.mode, owner: example.owner)
      let first = try await shell.put(file)
      #expect(first == .written)
      let output = OutputRecorder()
      let path = ShellCommand.quoted("\(server.home)/\(example.destination)")
      _ = try await shell.run("stat -c '%a %U %G' \(path); cat \(path)", timeout: nil, output: output.handler)
      #expect(output.standardOutput == "\(example.stat)\n" + String(decoding: bytes, as: UTF8.self))
      let second = try await shell.put(file)
      #expect(second == .unchanged)
      // What was written beside it is gone.
      let rest = try await status(of: "! ls -A . deep/er 2>/dev/null | grep -q stackmake-", on: shell)
      #expect(rest == .exited(0))
    }
  }

  @Test func replacesALinkAndNotWhatItPointsTo() async throws {
    try await withShell { server, shell in
      _ = try await status(of: "echo old >target; ln -s target link", on: shell)
      let file = FileUpload(contents: .bytes(Array("new".utf8)), destination: "link", mode: 0o644, owner: nil)
      let outcome = try await shell.put(file)
      #expect(outcome == .written)
      #expect(contents(of: server.home.appending("target")) == "old\n")
      #expect(contents(of: server.home.appending("link")) == "new")
    }
  }

  @Test(
    arguments: [
      ("directory", nil, "directory"), ("file/below", nil, "directory"), ("x", "no-such-user-here", "no such user"),
      ("x", "root:no-such-group", "no-such-group"),
    ] as [(String, String?, String)])
  func failsInTheServersWords(_ destination: String, _ owner: String?, _ words: String) async throws {
    try await withShell { server, shell in
      _ = try await status(of: "mkdir directory; >file", on: shell)
      let file = FileUpload(contents: .bytes([1]), destination: destination, mode: 0o644, owner: owner)
      let error = await #expect(throws: ShellError.self) { try await shell.put(file) }
      #expect(error?.code == .failed)
      #expect(error?.cause.lowercased().contains(words) == true, "\(error?.cause ?? "")")
    }
  }

  /// A user that isn't root: sudo is a program of the test's that notes its use.
  @Test func goesThroughSudoOutsideTheHome() async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    let bin = "\(server.directory)/bin"
    let fake = "#!/bin/bash\necho \"$1 $2\" >>\"$HOME/sudo-log\"\nshift 2\nexport AS_ROOT=1\nexec \"$@\"\n"
    try await withLocal(server) { local in
      _ = try await local.put(
        FileUpload(contents: .bytes(Array(fake.utf8)), destination: "\(bin)/sudo", mode: 0o755, owner: nil))
      // As the user daemon, with rights to its home only.
      let script = """
        chmod 755 .; mkdir -p home outside; chown daemon home outside
        cat >as-daemon <<'E'
        #!/bin/bash
        exec setpriv --reuid=daemon --regid=daemon --clear-groups env HOME="$PWD/home" PATH="$PWD/bin:$PATH" "$@"
        E
        chmod 755 as-daemon
        """
      _ = try await local.run(script, timeout: nil) { _, _ in }
      for (destination, uses) in [("inside", ""), ("\(server.directory)/outside/file", "-n --\n")] {
        let file = FileUpload(contents: .bytes([65]), destination: destination, mode: 0o644, owner: nil)
        let source = try await UploadSource.read(file.contents)
        let command = PutScript.command(file, at: ScriptPlace(), digest: source.digest, size: source.size)
        let result = try await local.run(
          "cd \(server.directory); printf A | ./as-daemon sh -c \(ShellCommand.quoted(command))", timeout: nil
        ) { _, _ in }
        #expect(result == .exited(0))
        #expect((contents(of: server.home.appending("sudo-log")) ?? "") == uses)
      }
      #expect(contents(of: server.home.appending("inside")) == "A")
      #expect(contents(of: server.directory.appending("outside/file")) == "A")
    }
  }

  @Test func refusesContentsThatChangedOnTheWay() async throws {
    try await withShell { server, shell in
      let file = FileUpload(contents: .bytes(Array("good".utf8)), destination: "file", mode: 0o644, owner: nil)
      let source = try await UploadSource.read(file.contents)
      for bytes in ["evil", "goo"] {
        let output = OutputRecorder()
        let status = try await shell.link.perform(
          ExecRequest(
            command: PutScript.command(file, at: ScriptPlace(), digest: source.digest, size: source.size),
            input: .bytes(Array(bytes.utf8)), operation: "put", output: output.handler))
        #expect(status == .exited(1))
        #expect(output.standardError.contains("did not arrive whole"))
      }
      let left = try await status(of: "[ -z \"$(ls -A)\" ]", on: shell)
      #expect(left == .exited(0))
    }
  }

  private func withLocal(_ server: TestSSHServer, _ body: (LocalShell) async throws -> Void) async throws {
    let shell = LocalShell(
      directory: server.directory, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"],
      jobs: server.directory.appending("jobs"))
    try await body(shell)
  }
}

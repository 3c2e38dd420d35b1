import FoundationEssentials
import Glibc
import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

/// What the login shell has read before it is given anything.
@Suite(.timeLimit(.minutes(5))) struct RemoteStartUpFileTests {
  private static let probe = """
    set -- here/*
    case $BASH_EXECUTION_STRING in "test -n "*) echo "login shell" ;; *) echo "a fresh one" ;; esac
    echo "$# ${unset-none} $(type -t cat)"
    old=$IFS
    set -- a:b
    for word in $1; do echo "$word"; done
    """

  @Test(arguments: [
    ("", "login shell"),
    ("export A=1\numask 022\n[ \"$PS1\" ] || return\nalias cat=false", "login shell"),
    ("IFS=:", "login shell"),
    ("trap 'echo trapped' EXIT ERR DEBUG", "login shell"),
    ("cat() { echo wrong; }", "a fresh one"),
    ("shopt -s nullglob", "a fresh one"),
    ("shopt -s expand_aliases; alias echo='echo wrong'", "a fresh one"),
    ("set -f", "a fresh one"),
    ("set -eu", "a fresh one"),
    ("set -o pipefail -o posix", "a fresh one"),
    ("exec 2>&1; set -x", "a fresh one"),
  ])
  func startUpFilesDoNotChangeAScript(file: String, shell kind: String) async throws {
    try await withShell { server, shell in
      try file.write(toFile: server.home.appending(".bashrc").string, atomically: true, encoding: .utf8)
      let output = OutputRecorder()
      let status = try await shell.run(Self.probe, timeout: nil, output: output.handler)
      #expect(status == .exited(0))
      #expect(output.standardOutput.hasSuffix("\(kind)\n1 none file\na:b\n"))
    }
  }

  /// What bash says is wrong in a script is where the user finds it.
  @Test(arguments: ["", "set -f"]) func linesAreThoseOfTheScript(file: String) async throws {
    try await withShell { server, shell in
      try file.write(toFile: server.home.appending(".bashrc").string, atomically: true, encoding: .utf8)
      let output = OutputRecorder()
      _ = try await shell.run("nosuch-1 || true\n\necho $LINENO\n$(nosuch-4)\n", timeout: nil, output: output.handler)
      #expect(output.standardOutput == "3\n")
      #expect(
        output.standardError.contains("bash: line 1: nosuch-1: ")
          && output.standardError.contains(" line 4: nosuch-4: "))
      let job = OutputRecorder()
      let lines = RemoteJob(id: "lines", script: "echo $LINENO\n\nnosuch-3\n", timeout: nil)
      _ = try await shell.job(lines, from: 0, output: job.handler)
      #expect(job.standardOutput.hasPrefix("1\n") && job.standardOutput.contains(" line 3: nosuch-3: "))
    }
  }

  private static let shells: [String] = ["/bin/dash", "/usr/bin/zsh", "/usr/bin/fish"].filter { access($0, X_OK) == 0 }

  @Test(arguments: shells)
  func otherLoginShellsStartBash(shell path: String) async throws {
    let server = try TestSSHServer.start(settings: [#"ForceCommand \#(path) -c "$SSH_ORIGINAL_COMMAND""#])
    defer { server.stop() }
    let shell = SSHShell(server.target())
    let output = OutputRecorder()
    let script = #"for word in "it's" 'a "b" c' '\'; do printf '<%s>' "$word"; done; [[ $BASH_VERSION ]]; exit 3"#
    let status = try await shell.run(script, timeout: nil, output: output.handler)
    #expect(status == .exited(3))
    #expect(output.standardOutput == #"<it's><a "b" c><\>"#)
    let file = FileUpload(contents: .bytes(Array("text".utf8)), destination: "it's here", mode: 0o644, owner: nil)
    #expect(try await shell.put(file) == .written)
    #expect(try await shell.put(file) == .unchanged)
    await shell.close()
  }
}

import Foundation
import Glibc
import Testing

/// `init`: the first Stackfile, of what the cloud has.
@Suite(.timeLimit(.minutes(5))) struct InitCommandTests {
  /// Nothing is made there: the place is only looked at.
  private static let place = ["STACKMAKE_LOCAL_ROOT": "/var/tmp/stackmake-test-init"]
  private static let canBeACloud: Bool = geteuid() == 0

  private func empty() throws -> Program {
    let program = try Program("")
    try FileManager.default.removeItem(atPath: "\(program.path)/Stackfile")
    return program
  }

  @Test(.enabled(if: canBeACloud, "only root makes machines on this host")) func onThisHost() async throws {
    let program = try empty()
    let run = try await program.run("init", environment: Self.place)
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        stackmake: wrote Stackfile: 3 servers of `debian-12` on this host
          stackmake -n       says what would be done, and why
          stackmake          does it
          stackmake clean    takes it down again

        """)
    let text = try #require(program.read("Stackfile"))
    #expect(text.contains("\ncloud = local\n"))
    #expect(text.contains("\nimage = debian-12\n"))
    #expect(text.contains("\n    compute count=2\n"))
    let plan = try await program.run("-n", environment: Self.place)
    #expect(plan.status == 0, "\(plan)")
    #expect(plan.output.hasSuffix("stackmake: 10 targets of 10 would be built\n"), "\(plan.output)")
    #expect(try await program.run("fmt", "--check").status == 0)

    // What is there stays, whatever it is.
    let again = try await program.run("init", environment: Self.place)
    #expect(again.status == 2)
    #expect(
      again.errors == """
        stackmake: error: Stackfile is there already, and stays as it is
          hint: `stackmake init -f FILE` writes another one

        """)
    #expect(program.read("Stackfile") == text)
    let other = try await program.run(
      "init", "-f", "Other", "--pack", "openstack-debian", "--computes", "1", "--cloud", "local",
      environment: Self.place)
    #expect(other.output.hasPrefix("stackmake: wrote Other: 2 servers of `debian-12` on this host\n"), "\(other)")
    #expect(other.output.contains("  stackmake -f Other -n       says"))
    #expect(program.read("Other")?.contains("\ninclude <openstack-debian>\n") == true)
    #expect(try await program.run("-f", "Other", "-n", environment: Self.place).status == 0)
  }

  @Test(.enabled(if: canBeACloud, "only root makes machines on this host")) func asksOnATerminal() async throws {
    let program = try empty()
    try program.write("clouds.yaml", "clouds:\n  lab:\n    auth: {auth_url: 'http://127.0.0.1:1/v3'}\n")
    let run = try TerminalRun(program, ["init"], width: 100, environment: Self.place)
    try await run.waits(for: ["cloud: local, lab", "cloud [local]"])
    run.type("\n")
    try await run.waits(for: ["pack: none, devstack, openstack-debian", "pack [none]"])
    run.type("none\n")
    try await run.waits(for: ["image: debian-11, debian-12, debian-13", "image [debian-12]"])
    run.type("debian13\n")
    try await run.waits(for: ["there is no image `debian13`: did you mean `debian-13`?"])
    run.type("debian-13\n")
    try await run.waits(for: ["flavor [m1.small]"])
    run.type("m1.tiny\n")
    try await run.waits(for: ["computes [2]"])
    run.type("many\n")
    try await run.waits(for: ["`many` is no number from 0 to 10000"])
    run.type("5\n")
    #expect(try await run.status() == 0)
    let text = try #require(program.read("Stackfile"))
    for line in ["image = debian-13", "flavor = m1.tiny", "    compute count=5"] {
      #expect(text.contains("\n\(line)\n"), "\(text)")
    }
  }

  @Test func aHostThatCantBeACloud() async throws {
    let program = try empty()
    // An overlay takes no such path.
    let run = try await program.run("init", environment: ["STACKMAKE_LOCAL_ROOT": "/var/tmp/a,b"])
    #expect(run.status == 3)
    #expect(
      run.errors.hasPrefix("stackmake: error: can't write a Stackfile for cloud `local`: use this host as a cloud: "),
      "\(run.errors)")
    #expect(run.errors.contains("\n  hint: "), "\(run.errors)")
    #expect(!program.exists("Stackfile"))
    #expect(!program.exists(".stackmake"))
  }

  @Test func aCloudThatCantBeAsked() async throws {
    let program = try empty()
    let unknown = try await program.run("init", "--cloud", "lab")
    #expect(unknown.status == 2)
    #expect(
      unknown.errors.hasPrefix("stackmake: error: no cloud called `lab`, which `--cloud` names: no "),
      "\(unknown.errors)")
    try program.write(
      "clouds.yaml",
      """
      clouds:
        lab:
          auth: {auth_url: 'http://127.0.0.1:1/v3', username: me, password: x, project_name: p, user_domain_id: d, project_domain_id: d}

      """)
    let silent = try await program.run("init", "--cloud", "lab")
    #expect(silent.status == 3, "\(silent)")
    #expect(silent.errors.hasPrefix("stackmake: error: can't write a Stackfile for cloud `lab`: "), "\(silent.errors)")
    #expect(silent.errors.contains("127.0.0.1"))
    #expect(silent.errors.contains("hint: "))
    let fixed = try await program.run("init", "--cloud", "static")
    #expect(fixed.status == 2)
    #expect(fixed.errors.contains("docs/static.md"))
    #expect(!program.exists("Stackfile"))
    for words in [["--pack", "cells"], ["--computes", "-1"], ["--computes", "10001"]] {
      #expect(try await program.start(["init"] + words).outcome.value.status == 2)
    }
  }
}

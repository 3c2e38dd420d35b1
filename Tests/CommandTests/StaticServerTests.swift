import Foundation
import Support
import Targets
import Testing

/// Servers that exist already: real sshd's on this machine, driven by the real program.
@Suite(.serialized, .timeLimit(.minutes(10))) struct StaticServerTests {
  private let servers: Servers

  /// Two servers, which end with the test.
  private final class Servers: Sendable {
    let web: TestSSHServer
    let db: TestSSHServer

    init() throws {
      web = try TestSSHServer.start()
      db = try TestSSHServer.start()
    }

    deinit {
      web.stop()
      db.stop()
    }
  }

  init() throws { servers = try Servers() }

  private static func pin(_ server: TestSSHServer) -> String {
    "host-key=\(server.hostKey.type):\(server.hostKey.base64)"
  }

  /// `web` is pinned by its line, `db` by known_hosts.
  private func program(_ rules: String, web: String? = nil) throws -> Program {
    let program = try Program(stackfile(rules, web: web))
    for (name, server) in [("web", servers.web), ("db", servers.db)] {
      try program.write("\(name).key", server.loginKey.privateKey)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(program.path)/\(name).key")
    }
    try program.write(
      ".ssh/known_hosts", "[127.0.0.1]:\(servers.db.port) \(servers.db.hostKey.type) \(servers.db.hostKey.base64)\n")
    return program
  }

  private func stackfile(_ rules: String, web: String? = nil) -> String {
    """
    cloud = static
    user = root
    boot_timeout = 20s
    text ?= one

    layout:
        web  host=127.0.0.1 port=\(servers.web.port) key=web.key \(web ?? Self.pin(servers.web))
        db   host=127.0.0.1 port=\(servers.db.port) key=db.key

    \(rules)
    """
  }

  private func file(_ name: String, on server: TestSSHServer) -> String? {
    FileManager.default.contents(atPath: "\(server.home)/\(name)").map { String(decoding: $0, as: UTF8.self) }
  }

  /// Ports differ from run to run.
  private func settled(_ text: String) -> String {
    text.replacing(String(servers.web.port), with: "PORT").replacing(String(servers.db.port), with: "PORT")
  }

  private static let rules = """
    stacked/web:
        echo {{ text }} >> once
    configured/%:
        echo {{ text }} from {{ ip }} > conf
    configured/web: stacked/web
    """

  private static let reset = """

    reset/web:
        rm -rf .stackmake once conf
        local echo reset >> resets; test ! -e stuck
    """

  @Test func theyAreTakenOverAndBuiltOn() async throws {
    let program = try program(Self.rules)
    let plan = try await program.run("-n")
    #expect(plan.status == 0, "\(plan)")
    #expect(plan.output.contains("server/web: never built\n    create\n    wait\n"), "\(plan)")
    #expect(!program.exists(".stackmake"))
    #expect(file("once", on: servers.web) == nil)

    let first = try await program.run()
    #expect(first.status == 0, "\(first)")
    #expect(first.errors.contains("server/web: taking it over as it is\n"), "\(first)")
    #expect(file("once", on: servers.web) == "one\n")
    #expect(file("conf", on: servers.db) == "one from 127.0.0.1\n")
    #expect(try await program.run().errors == "stackmake: 7 targets are up to date\n")

    let changed = try await program.run("configured/db", "text=two")
    #expect(changed.status == 0, "\(changed)")
    #expect(file("conf", on: servers.db) == "two from 127.0.0.1\n")

    let many = try await program.run("run", "*", "--", "echo", "$HOME", "a b")
    #expect(many.output == "web | $HOME a b\ndb  | $HOME a b\n" || many.output == "db  | $HOME a b\nweb | $HOME a b\n")
    let one = try await program.run("ssh", "db", "--", "cat $HOME/conf; exit 7")
    #expect(one.output == "two from 127.0.0.1\n", "\(one)")
    #expect(one.status == 7)
    #expect(
      settled(try await program.run("status", "server/db").output).contains(
        "127.0.0.1, id 127.0.0.1:PORT, generation 1, host key pinned"))
  }

  /// Whoever comes later sees what the script is in, too.
  @Test(arguments: ScreenTests.widths) func aScriptThatIsAttachedToShowsItsPhase(width: Int) async throws {
    let program = try program(
      """
      stacked/web:
          once
              echo '::phase 1/3 4s Installing package prerequisites'
              echo '::phase 2/3 65s Creating initial neutron network elements'
              until [ -e go ]; do sleep 0.1; done
              echo '::phase 3/3 70s Starting Nova'
              echo ran >> ran
      """)
    let killed = try TerminalRun(program, ["stacked/web"], width: width)
    try await killed.waits(for: ["phase 2/3 Creating"])
    killed.running.signal(SIGKILL)
    #expect(try await killed.status() == -SIGKILL)

    let next = try TerminalRun(program, ["stacked/web"], width: width)
    try await next.waits(for: ["phase 2/3 Creating", "T s  "])
    let row = try #require(next.text.split(separator: "\n").first { $0.contains("phase 2/3") })
    #expect(
      row
        == (width == 80
          ? "  stacked/web  T s  phase 2/3 Creating initial neutron network elements"
          : "  stacked/web  T s  step 1/1 phase 2/3 Creating initial neutron network elements"))
    _ = FileManager.default.createFile(atPath: "\(servers.web.home)/go", contents: nil)
    #expect(try await next.status() == 0)
    #expect(file("ran", on: servers.web) == "ran\n")
    let log = try await program.run("log", "stacked/web").output
    #expect(log.contains("== phase 2 of 3: Creating initial neutron network elements\n"), "\(log)")
  }

  @Test func theirHostKeysAreTrustedInNoOtherWay() async throws {
    let program = try program(Self.rules)
    let refused = try await program.run("server/web", "host_keys=static")
    #expect(refused.status == 2, "\(refused)")
    #expect(
      refused.errors.contains("`host_keys = static` is none of `console`, `injected`, `first-use`"), "\(refused)")
    let run = try await program.run("server/*", "host_keys=injected")
    #expect(run.status == 0, "\(run)")
    #expect(try await program.run("status", "server/web").output.contains("host key pinned"))
  }

  @Test func anotherHostKeyIsRefused() async throws {
    let program = try program(Self.rules, web: Self.pin(servers.db))
    let run = try await program.run("server/web")
    #expect(run.status == 3, "\(run)")
    #expect(
      run.errors.contains(
        "it shows ssh-ed25519 \(servers.web.hostKey.fingerprint), but ssh-ed25519 "
          + "\(servers.db.hostKey.fingerprint) was pinned (by the Stackfile or "
          + "known_hosts when the server was taken over)"), "\(run)")

    // As it changes behind stackmake's back.
    try program.write("Stackfile", stackfile(Self.rules))
    #expect(try await program.run("server/*").status == 0)
    try program.write("Stackfile", stackfile(Self.rules, web: Self.pin(servers.db)))
    let locked = try await program.run("server/web")
    #expect(locked.status == 4, "\(locked)")
    #expect(locked.errors.contains("a standing server can't be given another host-key"), "\(locked)")
    #expect(
      locked.errors.contains(
        "hint: `stackmake clean server/web` forgets it, and the next build takes it over as it is said now"))
  }

  @Test func everythingThatIsWrongIsSaidBeforeAnythingIsDone() async throws {
    let program = try program(Self.rules, web: "")
    try program.write(".ssh/known_hosts", "")
    let run = try await program.run()
    #expect(run.status == 3, "\(run)")
    #expect(
      settled(run.errors).contains(
        "no host key of 127.0.0.1:PORT is known: its line pins none, and known_hosts has none (web)"))
    #expect(run.errors.contains("(db)"), "\(run)")
    #expect(run.errors.contains("host-key=ssh-ed25519:AAAA…"))
    #expect(servers.web.connectionCount == 0)
  }

  @Test(arguments: ["local", "openstack-of-mine"])
  func theirSettingsAreOnlyTheirs(_ cloud: String) async throws {
    let program = try Program("cloud = \(cloud)\nlayout:\n    web host=192.0.2.1\n")
    let run = try await program.run("-n")
    #expect(run.status == 2)
    #expect(run.errors.contains("error: `host` is a setting only where `cloud = static`"), "\(run)")
  }

  @Test func cleanForgetsAndWhatRanOnceStaysOnRecord() async throws {
    let program = try program(Self.rules)
    #expect(try await program.run().status == 0)
    let plan = try await program.run("clean", "-n")
    #expect(
      settled(plan.output) == """
        forget server db (127.0.0.1:PORT), which stays as it is
        forget server web (127.0.0.1:PORT), which stays as it is
        forget configured/db
        forget configured/web
        forget image-validated
        forget layout
        forget server/db
        forget server/web

        """)
    let clean = try await program.run("clean")
    #expect(clean.status == 0, "\(clean)")
    #expect(clean.errors.hasSuffix("stackmake: 2 servers released, 6 targets forgotten\n"), "\(clean)")
    #expect(file("once", on: servers.web) == "one\n")
    let again = try await program.run()
    #expect(again.status == 0, "\(again)")
    #expect(file("once", on: servers.web) == "one\n")
    #expect(try await program.run("stacked/web", "text=two").status == 4)
  }

  @Test func gcForgetsWhatTheLayoutNoLongerNames() async throws {
    let program = try program(Self.rules)
    #expect(try await program.run().status == 0)
    let text = try #require(program.read("Stackfile"))
    let shorter = text.split(separator: "\n").filter { !$0.hasPrefix("    db ") }.joined(separator: "\n")
    try program.write("Stackfile", shorter + "\n")
    let list = try await program.run("gc")
    #expect(list.status == 1)
    #expect(
      settled(list.output) == """
        server db (127.0.0.1:PORT): the layout doesn't name `db`
        stackmake: 1 thing is left, and `stackmake gc --delete` forgets it

        """)
    let end = try await program.run("gc", "--delete")
    #expect(end.status == 0 && end.output == "stackmake: nothing is left\n", "\(end)")
    #expect(end.errors == "server/db: forgetting db\n", "\(end)")
    #expect(try await program.run().status == 0)
    #expect(try await program.run("gc").output == "stackmake: nothing is left\n")
  }

  @Test func withoutARecipeTheUserMakesItFresh() async throws {
    let program = try program(Self.rules)
    #expect(try await program.run().status == 0)
    #expect(try await program.run("text=two").status == 4)
    for words in [["clean", "-n", "stacked/web"], ["clean", "stacked/web"]] {
      let clean = try await program.start(words).outcome.value
      #expect(clean.status == 4, "\(clean)")
      #expect(
        settled(clean.errors) == """
          stackmake: error: clean stacked/web: server `web` exists already, and nothing here tells how to make it fresh
            hint: reinstall web (127.0.0.1:PORT) by hand, pin its new host key, then `stackmake clean stacked/web --fresh`; or \
          give a rule `reset/web:` a recipe that does it

          """)
    }
    #expect(try await program.run().status == 0)

    // By hand.
    for name in ["once", "conf", ".stackmake"] {
      try FileManager.default.removeItem(atPath: "\(servers.web.home)/\(name)")
    }
    #expect(
      try await program.run("clean", "-n", "stacked/web", "--fresh").output
        == "take web (127.0.0.1) for fresh\nforget server/web\nforget stacked/web\n")
    let fresh = try await program.run("clean", "stacked/web", "--fresh")
    #expect(fresh.status == 0, "\(fresh)")
    #expect(fresh.errors == "stackmake: 1 server taken for fresh, 2 targets forgotten\n")
    let run = try await program.run("text=two")
    #expect(run.status == 0, "\(run)")
    #expect(file("once", on: servers.web) == "two\n")
    #expect(try await program.run("status", "server/web").output.contains("generation 2"))
    let wrong = try await program.run("clean", "configured/db", "--fresh")
    #expect(wrong.status == 2, "\(wrong)")
  }

  @Test func aRecipeMakesItFresh() async throws {
    let program = try program(Self.rules + Self.reset)
    #expect(try await program.run().status == 0)
    #expect(!program.exists("resets"))
    #expect(try await program.run("text=two").status == 4)
    #expect(try await program.run("reset/web").status == 4)
    let plan = try await program.run("clean", "-n", "stacked/web")
    #expect(
      settled(plan.output) == """
        reset server web (127.0.0.1:PORT) by the recipe of reset/web, for stacked/web
        forget server/web
        forget stacked/web

        """)
    #expect(!program.exists("resets"))
    let clean = try await program.run("clean", "stacked/web")
    #expect(clean.status == 0, "\(clean)")
    #expect(clean.errors.hasSuffix("stackmake: 1 server reset, 2 targets forgotten\n"), "\(clean)")
    #expect(program.read("resets") == "reset\n")
    #expect(file("once", on: servers.web) == nil)
    let run = try await program.run("text=two")
    #expect(run.status == 0, "\(run)")
    #expect(file("once", on: servers.web) == "two\n")
    #expect(try await program.run("status", "server/web").output.contains("generation 2"))
  }

  @Test func aResetThatFailsIsRunAgainByCleanAlone() async throws {
    let program = try program(Self.rules + Self.reset, web: nil)
    try program.write("stuck", "")
    #expect(try await program.run().status == 0)
    let clean = try await program.run("clean", "stacked/web")
    #expect(clean.status == 3, "\(clean)")
    #expect(program.read("resets") == "reset\n")
    // Nobody knows what is on it: no build goes on.
    let locked = try await program.run("text=two")
    #expect(locked.status == 4, "\(locked)")
    #expect(
      locked.errors.contains("server/web: locked: build: server/web: its reset was cut off, or failed\n"), "\(locked)")
    #expect(program.read("resets") == "reset\n")
    try FileManager.default.removeItem(atPath: "\(program.path)/stuck")
    #expect(try await program.run("clean", "stacked/web").status == 0)
    #expect(program.read("resets") == "reset\nreset\n")
    #expect(try await program.run("text=two").status == 0)
    #expect(file("once", on: servers.web) == "two\n")
  }

  @Test func aResetThatRanGoesOnWhereItsServerIsReached() async throws {
    let spoilt = "\n    local cp empty .ssh/known_hosts"
    let rules =
      Self.rules.replacing("stacked/web", with: "stacked/db") + "\nreset/db:\n    rm -rf .stackmake once\(spoilt)\n"
    let program = try program(rules)
    try program.write(
      "empty", "[127.0.0.1]:\(servers.db.port) \(servers.web.hostKey.type) \(servers.web.hostKey.base64)\n")
    let good = try #require(program.read(".ssh/known_hosts"))
    #expect(try await program.run().status == 0)
    let clean = try await program.run("clean", "stacked/db")
    #expect(clean.status == 3, "\(clean)")
    #expect(clean.errors.contains("its recipe came to its end, and the next run goes on from here"), "\(clean)")
    try program.write(".ssh/known_hosts", good)
    let run = try await program.run("text=two")
    #expect(run.status == 0, "\(run)")
    #expect(file("once", on: servers.db) == "two\n")
    #expect(try await program.run("status", "server/db").output.contains("generation 2"))
  }

  /// A server that doesn't answer is tried for minutes; nobody who wants to stop waits for that.
  @Test func ctrlCDoesNotWaitForAConnection() async throws {
    let program = try program("configured/db:\n    echo >> configured\n")
    let first = try await program.run()
    try #require(first.status == 0, "\(first)")
    servers.db.stop()
    let running = try program.start(["-v", "-B", "configured/db"])
    #expect(
      await Program.wait {
        (try? String(contentsOfFile: running.errorFile, encoding: .utf8))?.contains("configured/db: step 1 of 1")
          == true
      })
    running.signal(SIGINT)
    let end = try await running.outcome.value
    #expect(end.status == 130, "\(end)")
    #expect(!end.errors.contains("tried for"), "\(end)")
  }
}

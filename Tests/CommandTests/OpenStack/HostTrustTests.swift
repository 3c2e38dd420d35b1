import Testing

extension OpenStackTests {
  /// How the first connection knows the server where it isn't by its console.
  @Suite struct HostTrustTests {
    /// The cloud shows no console, and none is asked for: whoever answers first is believed, and nobody else later.
    @Test func firstUse() async throws {
      let rule = "configured/%:\n    echo {{ text }}\n"
      let trial = try CloudTrial(
        "layout:\n    web meta.fault=no-console\n\(rule)", more: "host_keys = first-use\ntext ?= one")
      let end = try await trial.run("-v")
      #expect(end.status == 0, "\(end.errors)")
      let address = try #require(end.errors.firstMatch(of: /waiting for ssh at (\S+)/)?.output.1)
      #expect(
        end.errors.contains("server/web: believing whoever answers at \(address), as `host_keys = first-use` says\n"))
      #expect(!end.errors.contains("os-getConsoleOutput"))
      #expect(try await trial.run("status", "server/web").output.contains(", host key believed at first use)\n"))
      #expect(try await trial.run().errors == "stackmake: 4 targets are up to date\n")
      let again = try await trial.run("text=two")
      #expect(again.status == 0, "\(again.errors)")

      let change = "sudo rm /etc/ssh/ssh_host_*_key*; sudo ssh-keygen -A; sudo systemctl restart ssh"
      #expect(try await trial.run("ssh", "web", "--", change).status == 0)
      try await trial.fails(
        "text=three",
        saying: """
          configured/web: failed: run step 1 of 1: configured/web on web: check the host key of ADDRESS: it shows ssh-ed25519 SHA256:KEY, but ssh-ed25519 SHA256:KEY was pinned (when the machine was first connected to)
          configured/web:   hint: \(Self.hint)
          """)
      try await trial.takeDown()
    }

    private static let hint = """
      another machine may have taken its address, or it was set up anew behind stackmake's back, or someone is in between; nothing was sent to it. If you know why its key changed: `stackmake clean server/web`
      """

    /// The cloud shows no console, though that was to be believed: another server is made, with a key of our own.
    @Test func withoutAConsole() async throws {
      let trial = try CloudTrial("layout:\n    web meta.fault=no-console\n")
      let end = try await trial.run()
      #expect(end.status == 0, "\(end.errors)")
      #expect(
        CloudTrial.settled(end.errors).contains(
          """
          server/web: creating lab-web
          server/web: waiting for ssh at ADDRESS
          server/web: the cloud shows no console (nova answered 501: The requested functionality is not supported (request id REQUEST)): making the server anew with a host key of our own
          server/web: creating lab-web
          server/web: waiting for ssh at ADDRESS
          server/web: built in T
          """), "\(end.errors)")
      #expect(
        try await trial.run("status", "server/web").output.contains(", generation 2, host key injected and changed)\n"))
      #expect(try await trial.run().errors == "stackmake: 3 targets are up to date\n")
      #expect(try await trial.left() == CloudTrial.one)
      try await trial.takeDown()
    }

    @Test func anEmptyConsole() async throws {
      let trial = try CloudTrial("layout:\n    web meta.fault=empty-console\n", more: "boot_timeout = 100s")
      try await trial.fails(
        saying: """
          server/web: failed: wait for its host keys: server/web: not within 100 s
          server/web:   hint: `stackmake clean server/web` deletes it for a fresh start; where the cloud's console stays empty, `host_keys = injected` does without it
          """)
      #expect(try await trial.left() == CloudTrial.one)
      let clean = try await trial.run("clean", "server/web")
      #expect(clean.status == 0, "\(clean.errors)")
      let end = try await trial.run("host_keys=injected", "boot_timeout=10m")
      #expect(end.status == 0, "\(end.errors)")
      try await trial.takeDown()
    }
  }
}

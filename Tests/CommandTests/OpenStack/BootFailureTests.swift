import Testing

extension OpenStackTests {
  /// Servers that never become what they should: each says so in the words of whoever knows, and `clean` takes it down.
  @Suite struct BootFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
      var name: String
      var layout: String
      var more = ""
      var says: String
      var hint = "`stackmake clean server/web` deletes it for a fresh start"
      var left = CloudTrial.one
      var testDescription: String { name }
    }

    static let cases = [
      Case(
        name: "boot failure", layout: "    web meta.fault=spawn",
        says: """
          wait for ACTIVE: server/web: \(CloudTrial.spawnFailure)
          """,
        left: ["key pairs", "ports web", "security groups", "servers lab-web ERROR"]),
      Case(
        name: "sshd that never comes", layout: "    web meta.fault=no-sshd", more: "boot_timeout = 100s",
        says: """
          connect to ADDRESS port 22: server/web: Connection refused (tried for 100 seconds)
          server/web:     the end of its console:
          """),
      Case(
        name: "cloud-init error", layout: "    web meta.fault=cloud-init-error",
        says: """
          wait for first boot: server/web: exit status 1
          server/web:     status: error
          server/web:     boot_status_code: enabled-by-generator
          server/web:     last_update: T
          server/web:     detail:
          server/web:     ('scripts-per-instance', RuntimeError('Runparts: 1 failures (fault) in 1 attempted commands'))
          """),
      Case(
        name: "host key that doesn't match", layout: "    web meta.fault=wrong-host-key",
        says: """
          check the host key of ADDRESS: server/web: it shows ecdsa-sha2-nistp256 SHA256:KEY, but ecdsa-sha2-nistp256 SHA256:KEY, ssh-ed25519 SHA256:KEY was pinned (when the machine showed it on its console)
          """,
        hint: """
          another machine may have taken its address, or it was set up anew behind stackmake's back, or someone is in between; nothing was sent to it. If you know why its key changed: `stackmake clean server/web`
          """),
    ]

    @Test(arguments: cases) func isTold(_ test: Case) async throws {
      let trial = try CloudTrial("layout:\n\(test.layout)\n", more: test.more)
      try await trial.fails(
        saying: "server/web: failed: \(test.says)\nserver/web:   hint: \(test.hint)")
      #expect(try await trial.left() == test.left)
      try await trial.takeDown()
    }

    /// Three servers that must be apart, and two hosts.
    @Test func noValidHost() async throws {
      let trial = try CloudTrial("layout:\n    web count=3 spread=hard\nserver/%:\n    true\n")
      let end = try await trial.run("-k")
      #expect(end.status == 3)
      let complaint = CloudTrial.complaint(end.errors).replacing(/server\/web-\d/, with: "server/web-N")
      #expect(
        complaint == """
          server/web-N: failed: wait for ACTIVE: server/web-N: No valid host was found. There are not enough hosts available.
          server/web-N:   hint: no host has room for it, or may take it: another `flavor`, `zone` or `spread` may help. `stackmake clean server/web-N` deletes it for a fresh start
          """, "\(end.errors)")
      let left = try await trial.left()
      #expect(left.count { $0.hasSuffix(" ERROR") } == 1, "\(left)")
      let garbage = try await trial.run("gc")
      #expect(garbage.status == 1)
      #expect(garbage.output.contains("was never built on it, and it is in ERROR: No valid host was found"))
      try await trial.takeDown()
    }

    /// Two servers where one may be; then somebody else takes that one between validation and creation.
    @Test func anExceededQuota() async throws {
      let cloud = try #require(RealCloud.current)
      let large = try CloudTrial("layout:\n    web count=2\n", cloudName: "test-small")
      try await large.fails(
        saying: """
          image-validated: failed: validate what the layout asks for: image-validated: quota of servers: 2 more needed, 0 of 1 used (web-1, web-2)
          image-validated:   hint: ask for a larger quota, remove what isn't needed any more, or take smaller flavors
          """)
      #expect(try await large.left(as: "test-small") == [])
      let trial = try CloudTrial(
        "layout:\n    web\ngate: image-validated\n    local ./gate\nserver/%: gate\n", cloudName: "test-small")
      try trial.program.write(
        "gate",
        """
        #!/bin/sh
        exec \(cloud.words("server", "lab-web", "debian-12", "m1.tiny", "private", as: "test-small")) > stranger
        """)
      try trial.program.makeExecutable("gate")
      try await trial.fails(
        saying: """
          server/web: failed: create server `lab-web`: server/web: nova answered 403: Quota exceeded for instances: Requested 1, but already used 1 of 1 instances (request id REQUEST)
          server/web:   hint: ask for a larger quota, or remove what isn't needed any more
          """)
      let stranger = try #require(trial.program.read("stranger")?.split(separator: "\n").first.map(String.init))
      #expect(try await trial.left(as: "test-small") == ["key pairs", "ports web", "security groups"])
      try await trial.takeDown(as: "test-small")
      #expect(try await cloud.ask("show", stranger, as: "test-small").first == "ACTIVE")
      try await cloud.ask("delete-server", stranger, as: "test-small")
    }
  }
}

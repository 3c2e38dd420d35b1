import Testing

extension OpenStackTests {
  /// What is changed while a server stands, and servers that another attempt is made for.
  @Suite struct StandingServerTests {
    @Test func metadataAndSecurityGroupsAreChangedInPlace() async throws {
      let trial = try CloudTrial("layout:\n    web meta.role=old meta.gone=yes\nserver/%:\n    echo made >> made\n")
      #expect(try await trial.run().status == 0)
      let server = try #require(try await trial.servers().first)
      #expect(
        CloudTrial.settled(try await trial.cloud.ask("show", server.id).joined(separator: "\n"))
          .replacing(/zone az\d/, with: "zone Z") == """
            ACTIVE
            zone Z
            meta gone yes
            meta role old
            group stackmake-CLUSTER
            """)

      let text = try #require(trial.program.read("Stackfile"))
      let changed = text.replacing("meta.role=old meta.gone=yes", with: "meta.role=new security-group=open,default")
      try trial.program.write("Stackfile", changed)
      let run = try await trial.run()
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        CloudTrial.settled(
          run.errors.split(separator: "\n").filter { $0.hasPrefix("server/web: ") }.joined(separator: "\n")) == """
            server/web: building (setting `meta.role` changed (old -> new); setting `security-group` was added (open,default); setting `meta.gone` was removed (it was yes))
            server/web: changing its metadata and security groups
            server/web: built in T
            """, "\(run.errors)")
      #expect(try await trial.servers() == [server])
      #expect(
        try await trial.cloud.ask("show", server.id).dropFirst(2) == ["meta role new", "group default", "group open"])
      #expect(try await trial.run().errors == "stackmake: 3 targets are up to date\n")
      let made = try await trial.run("ssh", "web", "--", "cat made")
      #expect(made.output == "made\n", "\(made)")

      // Back in the cluster's own group.
      try trial.program.write("Stackfile", text)
      #expect(try await trial.run().status == 0)
      #expect(
        CloudTrial.settled(try await trial.cloud.ask("show", server.id).dropFirst(2).joined(separator: "\n")) == """
          meta gone yes
          meta role old
          group stackmake-CLUSTER
          """)
      #expect(try await trial.servers() == [server])
      try await trial.takeDown()
    }

    /// The first zone's only host builds nothing; nova gives up, and the next attempt is in the second zone.
    @Test func anotherAttemptTakesAnotherZone() async throws {
      let trial = try CloudTrial(
        "layout:\n    web zone=az1,az2 meta.fault=spawn:compute1\nserver/%: retries = 1\n")
      let end = try await trial.run()
      #expect(end.status == 0, "\(end.errors)")
      let said = end.errors.split(separator: "\n").filter { $0.hasPrefix("server/web: ") }.joined(separator: "\n")
      #expect(
        CloudTrial.settled(said) == """
          server/web: building (never built)
          server/web: creating lab-web
          server/web: attempt 1 failed, trying again: \(CloudTrial.spawnFailure)
          server/web: removing lab-web of generation 1, which failed
          server/web: creating lab-web
          server/web: waiting for ssh at ADDRESS
          server/web: built in T
          """, "\(end.errors)")
      let servers = try await trial.servers()
      #expect(servers.map(\.generation) == [2])
      #expect(try await trial.cloud.ask("show", try #require(servers.first).id).prefix(2) == ["ACTIVE", "zone az2"])
      #expect(try await trial.left() == CloudTrial.one)
      #expect(try await trial.run("gc").output == "stackmake: nothing is left\n")
      try await trial.takeDown()
    }

    /// A server that never answers is given up with its attempt, too; the last one stays, to be looked at.
    @Test func anotherAttemptTakesAFreshServer() async throws {
      let trial = try CloudTrial("layout:\n    web meta.fault=cloud-init-error\nserver/%: retries = 1\n")
      let end = try await trial.run()
      #expect(end.status == 3, "\(end.errors)")
      #expect(end.errors.contains("server/web: attempt 1 failed, trying again: exit status 1\n"), "\(end.errors)")
      #expect(end.errors.contains("server/web: removing lab-web of generation 1, which failed\n"), "\(end.errors)")
      #expect(try await trial.servers().map(\.generation) == [2])
      #expect(try await trial.left() == CloudTrial.one)
      try await trial.takeDown()
    }
  }
}

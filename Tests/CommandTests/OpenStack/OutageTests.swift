import Testing

extension OpenStackTests {
  /// Each service away in each phase: it is said, nothing is made twice, and the next run goes on.
  @Suite(.enabled(if: RealCloud.isOurs, "STACKMAKE_TEST_CLOUD_DIR names no cloud whose services can be stopped"))
  struct OutageTests {
    private static let hint = "check the address and the way to it; `stackmake doctor` tries each step"

    private static func gone(_ request: String) -> String {
      "\(request): Failed to connect to CLOUD after T ms: Couldn't connect to server"
    }

    struct Case: Sendable, CustomTestStringConvertible {
      var service: String
      var says: String
      var hint = OutageTests.hint
      var left: [String] = []
      var testDescription: String { service }
    }

    static let validation = [
      Case(service: "keystone", says: "log in to cloud `test`: lab: \(gone("POST http://CLOUD/v3/auth/tokens"))"),
      Case(service: "nova-api", says: "ask nova for its versions: lab: \(gone("GET http://CLOUD/v2.1/"))"),
      Case(service: "glance", says: "list images: image-validated: \(gone("GET http://CLOUD/v2/images"))"),
      Case(service: "neutron", says: "list networks: image-validated: \(gone("GET http://CLOUD/v2.0/networks"))"),
    ]

    @Test(arguments: validation) func whileNamesAreLookedUp(_ test: Case) async throws {
      let cloud = try #require(RealCloud.current)
      let trial = try CloudTrial("layout:\n    web\n")
      try await cloud.without(test.service) {
        try await trial.fails(saying: "stackmake: error: \(test.says)\n  hint: \(test.hint)")
      }
      #expect(try await trial.left() == [])
    }

    private static let all = ["key pairs", "ports web", "security groups"]
    private static let fresh = "`stackmake clean server/web` deletes it for a fresh start"

    static let creation = [
      Case(
        service: "nova-api", says: "list servers: lab: \(gone("GET http://CLOUD/v2.1/servers/detail"))", left: []),
      Case(
        service: "neutron",
        says: "list security groups: server/web: \(gone("GET http://CLOUD/v2.0/security-groups"))", left: ["key pairs"]),
      Case(
        service: "glance",
        says: """
          create server `lab-web`: server/web: nova answered 500: Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible. <class 'nova.exception.GlanceConnectionFailed'> (request id REQUEST)
          """,
        hint: "a service behind nova doesn't answer: try again in a while", left: all),
      Case(
        service: "placement",
        says: "wait for ACTIVE: server/web: nova gives no reason: a service behind it may not answer", hint: fresh,
        left: all + ["servers lab-web ERROR"]),
      Case(
        service: "keystone",
        says: "wait for ACTIVE: server/web: nova gives no reason: a service behind it may not answer", hint: fresh,
        left: all + ["servers lab-web ERROR"]),
    ]

    /// A step of the Stackfile's own stops the service just before the server is made.
    @Test(arguments: creation) func whileAServerIsMade(_ test: Case) async throws {
      let cloud = try #require(RealCloud.current)
      let stop = try cloud.control("stop", test.service).joined(separator: " ")
      let trial = try CloudTrial("layout:\n    web\ngate: image-validated\n    local \(stop)\nserver/%: gate\n")
      do {
        try await trial.fails(saying: "server/web: failed: \(test.says)\nserver/web:   hint: \(test.hint)")
      } catch {
        Issue.record(error)
      }
      try await cloud.start(test.service)
      #expect(try await trial.left() == test.left)
      let garbage = try await trial.run("gc", "--delete", "--yes")
      #expect(garbage.status == 0, "\(garbage)")
      #expect(garbage.output == "stackmake: nothing is left\n", "\(garbage)")
      #expect(try await trial.left() == [])
      try await trial.takeDown()
    }

    static let deletion = [
      Case(service: "keystone", says: "log in to cloud `test`: lab: \(gone("POST http://CLOUD/v3/auth/tokens"))"),
      Case(service: "nova-api", says: "ask nova for its versions: lab: \(gone("GET http://CLOUD/v2.1/"))"),
      Case(
        service: "neutron",
        says: """
          list servers: lab: nova answered 500: Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible. <class 'keystoneauth1.exceptions.connection.ConnectFailure'> (request id REQUEST)
          """,
        hint: "a service behind nova doesn't answer: try again in a while"),
    ]

    /// Nova goes away while a server boots, and while it is taken down: the same server is gone on with.
    @Test func whileAServerBootsAndWhileItIsTakenDown() async throws {
      let cloud = try #require(RealCloud.current)
      let trial = try CloudTrial("layout:\n    web meta.fault=late-console:15\n")
      let run = try trial.start([])
      try await trial.waits(for: "creating lab-web", of: "server/web")
      try await cloud.stop("nova-api")
      let end = try await run.outcome.value
      try await cloud.start("nova-api")
      #expect(end.status == 3)
      let complaint = CloudTrial.complaint(end.errors)
      // What it was asking for just then is chance.
      #expect(
        complaint.contains(
          "Failed to connect to CLOUD after T ms: Couldn't connect to server\nserver/web:   hint: \(Self.hint)"),
        "\(end.errors)")
      let again = try await trial.run()
      #expect(again.status == 0, "\(again.errors)")
      #expect(try await trial.left() == Self.all + ["servers lab-web ACTIVE"])

      for test in Self.deletion {
        try await cloud.without(test.service) {
          try await trial.fails("clean", "--yes", saying: "stackmake: error: \(test.says)\n  hint: \(test.hint)")
        }
        #expect(try await trial.left() == Self.all + ["servers lab-web ACTIVE"])
      }
      try await trial.takeDown()
    }
  }
}

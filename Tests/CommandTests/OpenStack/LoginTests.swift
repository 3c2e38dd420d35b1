import Foundation
import Testing

extension OpenStackTests {
  @Suite struct LoginTests {
    /// The tests' clouds.yaml with these words replaced.
    private static func clouds(_ changes: [(String, String)]) throws -> String {
      let cloud = try #require(RealCloud.current)
      var text = try String(contentsOfFile: cloud.clouds, encoding: .utf8)
      for (old, new) in changes { text = text.replacing(old, with: new) }
      return text
    }

    private static func clouds(withToken token: String) throws -> String {
      let keystone = try #require(try clouds([]).firstMatch(of: /auth_url: (\S+)/)?.output.1)
      return """
        clouds:
          test:
            auth_type: token
            auth:
              auth_url: \(keystone)
              token: \(token)
              project_name: demo
              project_domain_name: Default
        """
    }

    private static let user = "user `demo` of domain `Default` in project"
    private static let hint = """
      check user, password, project and their domains: `stackmake doctor` says where each was written
      """
    private static let refused = """
      keystone answered 401: The request you have made requires authentication (request id REQUEST)
      """

    /// How keystone says that a token which is shown to it has ended.
    private static let unknown = "keystone answered 404: Failed to validate token (request id REQUEST)"

    @Test func aWrongPassword() async throws {
      let trial = try CloudTrial(
        "layout:\n    web\n", clouds: Self.clouds([("password: demo-secret", "password: not-this")]))
      try await trial.fails(
        saying: """
          stackmake: error: log in to cloud `test`: lab: \(Self.refused), as \(Self.user) `demo` of domain `Default`
            hint: \(Self.hint)
          """)
      #expect(!String(decoding: trial.program.everything(), as: UTF8.self).contains("not-this"))
      #expect(try await trial.left() == [])
    }

    @Test func anUnknownProject() async throws {
      let trial = try CloudTrial(
        "layout:\n    web\n", clouds: Self.clouds([("project_name: demo", "project_name: dmeo")]))
      try await trial.fails(
        saying: """
          stackmake: error: log in to cloud `test`: lab: \(Self.refused), as \(Self.user) `dmeo` of domain `Default`
            hint: \(Self.hint)
          """)
      #expect(try await trial.left() == [])
    }

    @Test func aRevokedToken() async throws {
      let cloud = try #require(RealCloud.current)
      let token = try #require(try await cloud.ask("token").first)
      try await cloud.ask("revoke", token)
      let trial = try CloudTrial("layout:\n    web\n", clouds: Self.clouds(withToken: token))
      try await trial.fails(
        saying: """
          stackmake: error: log in to cloud `test`: lab: \(Self.unknown), as a token in project `demo` of domain `Default`
            hint: check the token, which may have ended, and its project: `stackmake doctor` says where each was written
          """)
      #expect(try await trial.left() == [])
    }

    /// A token of seconds is renewed while a server boots; one that was bought with another ends with that one.
    @Test(.tags(.alone)) func anExpiredToken() async throws {
      let cloud = try #require(RealCloud.current)
      try await RealCloud.run(cloud.control("up", "--token-lifetime", "15"))
      do {
        let trial = try CloudTrial("layout:\n    web meta.fault=late-console:12\n")
        let end = try await trial.run("-v")
        #expect(end.status == 0, "\(end.errors)")
        #expect(end.errors.split(separator: "\n").count { $0.contains("POST") && $0.contains("/auth/tokens") } > 1)
        try await trial.takeDown()

        let token = try #require(try await cloud.ask("token").first)
        let other = try CloudTrial(
          "layout:\n    web meta.fault=late-console:100\n", clouds: Self.clouds(withToken: token))
        let ended = try await other.run()
        #expect(ended.status == 3)
        #expect(
          // What it was asking for just then is chance.
          CloudTrial.complaint(ended.errors).replacing(": lab: ", with: ": server/web: ") == """
            server/web: failed: log in to cloud `test`: server/web: \(Self.unknown), as a token in project `demo` of domain `Default`
            server/web:   hint: check the token, which may have ended, and its project: `stackmake doctor` says where each was written
            """, "\(ended.errors)")
        try other.program.write("clouds.yaml", try Self.clouds([]))
        try await other.takeDown()
      } catch {
        Issue.record(error)
      }
      try await RealCloud.run(cloud.control("up", "--token-lifetime", "3600"))
    }

    /// The user is disabled while a server boots: all that it holds ends.
    @Test func revokedInMidRun() async throws {
      let cloud = try #require(RealCloud.current)
      let user = "guest-\(UUID().uuidString.prefix(8).lowercased())"
      try await cloud.ask("user", user, "guest-secret", as: "test-admin")
      let trial = try CloudTrial(
        "layout:\n    web meta.fault=late-console:200\n",
        clouds: Self.clouds([
          ("username: demo", "username: \(user)"), ("password: demo-secret", "password: guest-secret"),
        ]))
      let run = try trial.start([])
      try await trial.waits(for: "creating lab-web", of: "server/web")
      try await cloud.ask("disable", user, as: "test-admin")
      let end = try await run.outcome.value
      #expect(end.status == 3)
      #expect(
        // What it was asking for just then, about the cluster or about the server, is chance.
        CloudTrial.complaint(end.errors).replacing(user, with: "GUEST").replacing(": lab: ", with: ": server/web: ")
          == """
          server/web: failed: log in to cloud `test`: server/web: \(Self.refused), as user `GUEST` of domain `Default` in project `demo` of domain `Default`
          server/web:   hint: \(Self.hint)
          """, "\(end.errors)")
      // Another user of the project takes it down.
      try trial.program.write("clouds.yaml", try Self.clouds([]))
      try await trial.takeDown()
      try await cloud.ask("delete-user", user, as: "test-admin")
    }
  }
}

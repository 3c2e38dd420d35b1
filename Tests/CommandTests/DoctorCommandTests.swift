import Support
import Testing

/// `doctor` and `gc` where there is no cloud, or one that only answers.
@Suite(.timeLimit(.minutes(5))) struct DoctorCommandTests {
  @Test func withoutAnyConfiguration() async throws {
    let program = try Program("x:\n    true\n")
    let end = try await program.run("doctor")
    #expect(end.status == 3)
    #expect(end.output.hasPrefix("configuration  failed: read the cloud's configuration: "))
    #expect(!program.exists(".stackmake"))
  }

  /// The environment is enough: no Stackfile is needed.
  @Test func withoutAStackfile() async throws {
    let server = try await TestHTTPServer.start()
    let program = try Program("x:\n    true\n", files: ["empty/note": ""])
    let end = try await program.run(
      "-C", "empty", "doctor",
      environment: [
        "OS_AUTH_URL": server.url("/identity"), "OS_USERNAME": "demo", "OS_PASSWORD": "not-this",
        "OS_PROJECT_NAME": "demo",
      ])
    #expect(end.status == 3)
    #expect(end.errors == "")
    let lines = end.output.replacing("127.0.0.1:\(server.port)", with: "HOST").split(separator: "\n").map(String.init)
    #expect(lines.first == "configuration")
    #expect(
      lines.contains {
        $0.hasPrefix("  password ") && $0.contains("(secret) ") && $0.hasSuffix("(OS_PASSWORD in the environment)")
      })
    #expect(lines.contains("resolve   127.0.0.1 is an address"))
    #expect(lines.contains("connect   something that isn't keystone's version 3 answers at http://HOST/identity/v3"))
    #expect(lines.contains { $0.hasPrefix("token     failed: log in to cloud `envvars`: ") })
    #expect(!end.output.contains("not-this"))
  }

  @Test func asJSON() async throws {
    let program = try Program(
      "cloud = lab\nx:\n    true\n",
      files: [
        "clouds.yaml":
          "clouds: {lab: {auth: {auth_url: 'http://127.0.0.1:1/v3', username: u, password: p, project_name: q}}}"
      ])
    let end = try await program.run("doctor", "--json")
    #expect(end.status == 3)
    let lines = end.output.split(separator: "\n").map(String.init)
    #expect(
      lines.first
        == #"{"key":"cloud","origin":"`cloud` in the Stackfile","type":"setting","value":"lab","version":1}"#)
    #expect(
      lines.suffix(2).first
        == #"{"state":"ok","step":"resolve","text":"127.0.0.1 is an address","type":"check","version":1}"#)
    #expect(lines.last?.hasPrefix(#"{"error":{"cause":"GET http://127.0.0.1:1/v3: "#) == true)
    #expect(lines.last?.hasSuffix(#""state":"failed","step":"connect","type":"check","version":1}"#) == true)
  }

  /// Whatever it was that was to be done.
  @Test(arguments: [
    [], ["server/web"], ["-n"], ["-B", "server/web"], ["clean", "--yes"], ["clean", "-n"], ["gc"],
    ["gc", "--delete", "--yes"], ["status"], ["ssh", "web", "--", "true"], ["run", "*", "--", "true"], ["doctor"],
  ])
  func aCloudThatIsRefusedLeavesNothing(_ words: [String]) async throws {
    let clouds = """
      clouds:
        lab: {auth: {auth_url: 'http://127.0.0.1:1/v3', username: u, password: p, system_scope: all}}
      """
    for (cloud, cause) in [
      ("lab", "cloud `lab` logs in to the whole system (`system_scope`)"), ("nosuch", "no cloud called `nosuch`"),
    ] {
      let program = try Program("cloud = \(cloud)\nlayout:\n    web\n", files: ["clouds.yaml": clouds])
      let end = try await program.start(words).outcome.value
      #expect(end.status == (words == ["doctor"] ? 3 : 2), "\(end)")
      #expect((end.output + end.errors).contains(cause), "\(end)")
      #expect(!program.exists(".stackmake"), "\(end)")
    }
  }

  @Test func wrongUse() async throws {
    let program = try Program("x:\n    true\n")
    #expect(try await program.run("doctor", "x").status == 2)
    #expect(try await program.run("gc", "x").status == 2)
    #expect(try await program.run("-f", "nothere", "doctor").status == 2)
  }

  /// Where nothing was ever made there is nothing to ask a cloud for.
  @Test func nothingIsLeftOfNothing() async throws {
    let program = try Program("x:\n    true\n")
    #expect(try await program.run("gc").output == "stackmake: nothing is left\n")
    #expect(try await program.run("gc", "--json").output == "{\"count\":0,\"type\":\"leftovers\",\"version\":1}\n")
    #expect(!program.exists(".stackmake"))
    #expect(try await program.run("gc", "--delete").output == "stackmake: nothing is left\n")
  }
}

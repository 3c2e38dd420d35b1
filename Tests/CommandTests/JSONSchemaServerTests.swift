import Foundation
import Support
import Targets
import Testing

/// `--json` of commands that need servers: real ones on this machine, which exist already.
@Suite(.serialized, .timeLimit(.minutes(5))) struct JSONSchemaServerTests {
  private static func stackfile(_ servers: [(name: String, TestSSHServer)]) -> String {
    let lines = servers.map { name, server in
      "    \(name) host=127.0.0.1 port=\(server.port) key=\(name).key "
        + "host-key=\(server.hostKey.type):\(server.hostKey.base64)\n"
    }
    return """
      cloud = static
      user = root
      boot_timeout = 20s
      layout:
      \(lines.joined())
      stacked/web:
          once echo "::phase 1/1 0s all of it"
      configured/%:
          true
      reset/web:
          rm -rf .stackmake
      leave/web:
          local true

      """
  }

  @Test func statusCleanPruneAndLeftovers() async throws {
    let (web, old) = (try TestSSHServer.start(), try TestSSHServer.start())
    defer {
      web.stop()
      old.stop()
    }
    let (both, one) = (Self.stackfile([("web", web), ("old", old)]), Self.stackfile([("web", web)]))
    let program = try Program(both)
    for (name, server) in [("web", web), ("old", old)] {
      try program.write("\(name).key", server.loginKey.privateKey)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(program.path)/\(name).key")
    }
    func check(_ schemas: [String], status: Int32 = 0, _ words: String...) async throws -> Set<String> {
      try await JSONSchemaTests.check(program, schemas, status: status, words)
    }

    #expect(try await check(["clean"], "clean", "-n") == ["cleanings"])
    #expect(try await check(["run"]).isSuperset(of: ["phase", "step-started", "run-finished"]))
    #expect(try await check(["status"], "status") == ["status", "server"])
    #expect(try await check(["why"], "why", "stacked/web") == ["why"])
    #expect(try await check(["gc"], "gc") == ["leftovers"])

    try program.write("Stackfile", one)
    #expect(try await check(["gc"], status: 1, "gc") == ["leftover", "leftovers"])
    #expect(try await check(["clean"], "prune", "-n") == ["cleaning", "cleanings"])
    #expect(try await check(["run", "gc"], "gc", "--delete").isSuperset(of: ["note", "leftovers"]))
    #expect(try await check(["clean"], "clean", "-n", "stacked/web") == ["cleaning", "cleanings"])
    #expect(try await check(["run"], "clean", "stacked/web").contains("finished"))

    try program.write("Stackfile", both)
    #expect(try await check(["run"]).contains("run-finished"))
    try program.write("Stackfile", one)
    #expect(try await check(["run"], "prune").contains("note"))
    #expect(try await check(["clean"], "clean", "-n") == ["cleaning", "cleanings"])
    #expect(try await check(["run"], "clean", "--yes").contains("note"))
    #expect(try await check(["gc"], "gc") == ["leftovers"])
  }
}

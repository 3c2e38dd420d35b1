import Foundation
import Testing

/// Each Stackfile in examples/ is laid out as `fmt` would, loads, and can be planned and drawn.
@Suite(.timeLimit(.minutes(5))) struct ExamplesTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "examples")

  /// The directories that have a Stackfile.
  private static let examples: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []).sorted().filter {
      FileManager.default.fileExists(atPath: "\(root.path)/\($0)/Stackfile")
    }

  /// A copy, so that nothing is left in the sources.
  private static func copy(_ example: String) throws -> Program {
    let directory = root.appending(path: example)
    let program = try Program("")
    for case let path as String in FileManager.default.enumerator(atPath: directory.path)
      ?? FileManager.DirectoryEnumerator()
    {
      let file = directory.appending(path: path)
      guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
      try program.write(path, try String(contentsOf: file, encoding: .utf8))
    }
    return program
  }

  /// What is built where the example's own cloud isn't this host.
  private static let here = ["cloud=local", "image=debian-12", "flavor=m1.small"]

  @Test func examplesAreThere() {
    #expect(
      Set(Self.examples).isSuperset(of: [
        "debian-openstack", "multi-cell", "multi-node", "one-node", "plugin-project", "postgresql", "visits",
      ]))
  }

  @Test(arguments: examples) func isLaidOutAndSaysWhatItIs(_ example: String) async throws {
    let program = try Self.copy(example)
    let check = try await program.run("fmt", "--check")
    #expect(check.status == 0, "\(check)")
    #expect(program.exists("README.md"))
  }

  @Test(arguments: examples) func canBePlannedAndDrawn(_ example: String) async throws {
    let program = try Self.copy(example)
    let plan = try await program.start(["-n", "--no-refresh"] + Self.here).outcome.value
    #expect(plan.status == 0, "\(plan)")
    #expect(plan.output.contains("would be built") || plan.errors.contains("would be built"), "\(plan)")
    let graph = try await program.start(["graph", "--no-refresh", "--format", "mermaid"] + Self.here).outcome.value
    #expect(graph.status == 0, "\(graph)")
    #expect(graph.output.contains("server/"), "\(graph)")
  }
}

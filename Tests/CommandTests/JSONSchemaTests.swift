import Foundation
import Support
import Testing

/// What `--json` writes is what docs/schema says, and the check can fail.
@Suite(.timeLimit(.minutes(5))) struct JSONSchemaTests {
  private static let directory: String =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    + "/docs/schema"

  private static let file = """
    release = 1.0
    secret PASSWORD
    base:
        render conf.in conf
        echo base {{ PASSWORD }}
    app: base | side
        echo app
        echo {{ release }}
    side:
        true
    single:
        once echo {{ release }}
    after: single
        true
    broken:
        false
    top: broken
        true
    access:
    access: dashboard = http://localhost/
    access: password = {{ PASSWORD }}

    """

  /// The types of the lines that came.
  @discardableResult
  private static func check(
    _ program: Program, _ schema: String, status: Int32 = 0, _ words: String...
  ) async throws -> Set<String> {
    let outcome = try await program.start(words + ["--json"]).outcome.value
    #expect(outcome.status == status, "\(words): \(outcome.errors)")
    let schemas = try JSONSchema(directory: directory)
    var types: Set<String> = []
    for line in outcome.output.split(separator: "\n") {
      let value = try JSONSchema.Value(text: String(line))
      let failures = schemas.failures(value, "\(schema).json")
      #expect(failures.isEmpty, "\(words): \(failures): \(line)")
      if case .string(let type)? = value["type"] { types.insert(type) }
    }
    #expect(!outcome.output.isEmpty)
    return types
  }

  @Test func everyCommand() async throws {
    let program = try Program(Self.file, files: ["conf.in": "release {{ release }}\n"])
    try await Self.check(program, "plan", "-n")
    let first = try await Self.check(program, "run", status: 3, "-k", "-v")
    #expect(
      first.isSuperset(of: [
        "run-started", "started", "step-started", "output", "step-finished", "finished", "run-finished",
      ]))
    let second = try await Self.check(program, "run", status: 3, "-k", "release=1.1")
    #expect(second.contains("forecast"))
    try await Self.check(program, "plan", status: 4, "-n", "release=1.2")
    #expect(try await Self.check(program, "status", "status", "release=1.2") == ["status"])
    try await Self.check(program, "why", "why", "app", "after", "top", "release=1.2")
    try await Self.check(program, "list", "list")
    try await Self.check(program, "graph", "graph")
    try await Self.check(program, "access", "access")
    try await Self.check(program, "gc", "gc")
  }

  /// Servers that exist already need no cloud, and `doctor` none that answers.
  @Test func clouds() async throws {
    let program = try Program("cloud = static\nlayout:\n    web host=192.0.2.1\n")
    #expect(try await Self.check(program, "doctor", "doctor") == ["setting"])
    try await Self.check(program, "plan", "-n", "--no-refresh")
    let none = try Program("cloud = nowhere\nlayout:\n    web\n")
    #expect(try await Self.check(none, "doctor", status: 3, "doctor") == ["check"])
  }

  /// One schema for each command that has `--json` for itself.
  @Test func allAreThere() throws {
    #expect(
      try JSONSchema(directory: Self.directory).names == [
        "access.json", "common.json", "doctor.json", "gc.json", "graph.json", "list.json", "plan.json", "run.json",
        "status.json", "why.json",
      ])
  }

  // The check itself.

  private static let line =
    #"{"at":1.5,"outcome":"skipped","because":"x","seconds":0,"target":"t","type":"finished","version":1}"#

  @Test(arguments: [
    (#""version":1"#, #""version":2"#, "/version: isn't "),
    (#""because":"x","#, #""becuase":"x","#, "/: has `becuase`"),
    (#""outcome":"skipped","#, "", "/: has no `outcome`"),
    (#""outcome":"skipped""#, #""outcome":"odd""#, "/outcome: "),
    (#""seconds":0"#, #""seconds":"0""#, "/seconds: isn't of type number"),
    (#""seconds":0"#, #""seconds":-1"#, "/seconds: is below"),
    (#""because":"x""#, #""error":{"code":"failed"}"#, "/error: has no `operation`"),
    (#""because":"x""#, #""reasons":[{"what":"odd","text":""}]"#, "/reasons/0/what: "),
  ]) func mutations(_ old: String, _ new: String, _ problem: String) throws {
    let schemas = try JSONSchema(directory: Self.directory)
    #expect(schemas.failures(try JSONSchema.Value(text: Self.line), "run.json") == [])
    let mutated = Self.line.replacing(old, with: new)
    #expect(mutated != Self.line)
    let failures = schemas.failures(try JSONSchema.Value(text: mutated), "run.json")
    #expect(failures.contains { "\($0)".hasPrefix(problem) }, "\(failures)")
  }

  @Test(arguments: [
    #"{"pattern":"x"}"#, #"{"type":"text"}"#, ##"{"$ref":"#/$defs/none"}"##, #"{"properties":{"a":{"minLength":1}}}"#,
    #"{"oneOf":[true]}"#,
  ]) func unknownKeywords(_ text: String) throws {
    let draft = #""$schema":"https://json-schema.org/draft/2020-12/schema","#
    let schema = try JSONSchema.Value(text: "{" + draft + text.dropFirst())
    #expect(throws: JSONSchema.Failure.self) { try JSONSchema(["a.json": schema]) }
  }
}

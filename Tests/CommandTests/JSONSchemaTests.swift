import Foundation
import Support
import Testing

/// What `--json` writes is what docs/schema says, and the check can fail.
@Suite(.timeLimit(.minutes(5))) struct JSONSchemaTests {
  static let directory: String =
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
            echo "::phase 1/2 a part"
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
    try await check(program, [schema], status: status, words)
  }

  /// The types of the lines, each of which follows one of the schemas.
  static func types(of output: String, _ names: [String]) throws -> Set<String> {
    let schemas = try JSONSchema(directory: directory)
    var types: Set<String> = []
    for line in output.split(separator: "\n") {
      let value = try JSONSchema.Value(text: String(line))
      let failures = names.map { schemas.failures(value, "\($0).json") }.min { $0.count < $1.count } ?? []
      #expect(failures.isEmpty, "\(failures): \(line)")
      if case .string(let type)? = value["type"] { types.insert(type) }
    }
    return types
  }

  /// - Parameter names: of schemas of which each line must follow one.
  static func check(
    _ program: Program, _ names: [String], status: Int32 = 0, _ words: [String]
  ) async throws -> Set<String> {
    let outcome = try await program.start(words + ["--json"]).outcome.value
    #expect(outcome.status == status, "\(words): \(outcome.errors)")
    let types = try types(of: outcome.output, names)
    // A run on the way to nothing says nothing.
    #expect(!outcome.output.isEmpty || names == ["run"])
    return types
  }

  @Test func everyCommand() async throws {
    let program = try Program(Self.file, files: ["conf.in": "release {{ release }}\n"])
    try await Self.check(program, "plan", "-n")
    let first = try await Self.check(program, "run", status: 3, "-k", "-v")
    #expect(
      first.isSuperset(of: [
        "run-started", "started", "step-started", "output", "phase", "step-finished", "finished", "run-finished",
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
    #expect(try await Self.check(program, "snapshot", "snapshot", "--list") == ["snapshots"])
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
        "access.json", "clean.json", "common.json", "doctor.json", "gc.json", "graph.json", "list.json", "plan.json",
        "run.json", "saved-plan.json", "snapshot.json", "status.json", "why.json",
      ])
  }

  /// A page that leaves one out would hide it.
  @Test func theDocumentNamesEach() throws {
    let path = Self.directory.replacing("/docs/schema", with: "/docs/json.md")
    let document = try String(contentsOfFile: path, encoding: .utf8)
    for name in try JSONSchema(directory: Self.directory).names where name != "common.json" {
      #expect(document.contains("`\(name)`"), "\(name)")
    }
  }

  /// The file that keeps a plan is an object over several lines: of what is fresh, stale, locked and waits for that.
  @Test func aPlanThatIsKept() async throws {
    let program = try Program(Self.file, files: ["conf.in": "release {{ release }}\n"])
    func kept(_ status: Int32, _ words: String...) async throws -> JSONSchema.Value {
      let plan = try await program.start(["plan", "--save", "p.json"] + words).outcome.value
      #expect(plan.status == status, "\(plan)")
      let value = try JSONSchema.Value(text: try #require(program.read("p.json")))
      #expect(try JSONSchema(directory: Self.directory).failures(value, "saved-plan.json").isEmpty)
      return value
    }
    func states(_ plan: JSONSchema.Value) -> Set<JSONSchema.Value?> {
      guard case .array(let targets)? = plan["targets"] else { return [] }
      return Set(targets.map { $0["state"] })
    }
    #expect(states(try await kept(0)) == [.string("stale")])
    _ = try await program.run("-k")
    let plan = try await kept(4, "-B", "release=1.1")
    #expect(states(plan) == [.string("stale"), .string("locked"), .string("unknown")])
    #expect(plan["variables"] != .array([]))
    #expect(states(try await kept(0, "base", "single")) == [.string("fresh")])
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

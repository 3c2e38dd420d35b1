import Foundation
import Testing

/// A record that can't be used: it is said, nothing is changed, and a copy that is put back is gone on with.
@Suite(.timeLimit(.minutes(5))) struct DamageTests {
  private static let file = "base:\n    echo >> ran\napp: base\n    once echo >> ran\n"

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var damage: @Sendable (inout Data) -> Void
    /// What commands that write say; those that only read meet some damage later.
    var cause: String
    var readOperation = "read the record"
    var readCause: String?
  }

  static let malformed = "database disk image is malformed (SQLite code 11)"

  static let cases = [
    Case(
      testDescription: "garbage",
      damage: { data in data = Data((0..<data.count).map { UInt8(truncatingIfNeeded: $0 * 7) }) },
      cause: "it isn't a SQLite database"),
    Case(
      testDescription: "garbage behind the header",
      damage: { data in data.replaceSubrange(4096..., with: Data(repeating: 0xa5, count: data.count - 4096)) },
      cause: "table intent: ", readOperation: "read the traces", readCause: malformed),
    Case(testDescription: "cut off", damage: { data in data = data.prefix(10000) }, cause: malformed),
    Case(
      testDescription: "cut off within the header", damage: { data in data = data.prefix(50) },
      cause: "it isn't a SQLite database"),
    Case(
      testDescription: "emptied", damage: { data in data = Data() }, cause: "it is empty, and its log is still there"),
  ]

  @Test(arguments: cases) func isSaidAndNothingIsChanged(_ test: Case) async throws {
    let program = try Program(Self.file)
    try await program.run("-s")
    let record = URL(filePath: "\(program.path)/.stackmake/record.sqlite")
    let good = try Data(contentsOf: record)
    var damaged = good
    test.damage(&damaged)
    try damaged.write(to: record)
    let before = try Data(contentsOf: record)
    for words in [[], ["clean", "--yes"], ["-n"], ["status"], ["why", "app"]] {
      let result = try await program.start(words).outcome.value
      let isReading = ["-n", "status", "why"].contains(words.first)
      let operation = isReading ? test.readOperation : "open the record"
      let cause = isReading ? test.readCause ?? test.cause : test.cause
      #expect(result.status == 3)
      #expect(result.output == "")
      #expect(
        result.errors.hasPrefix("stackmake: error: \(operation): \(record.path): the record is damaged: \(cause)"),
        "\(result)")
      #expect(
        result.errors.hasSuffix(
          """

            hint: nothing was changed. Don't delete it: it says which servers exist. Put back a copy, or save what can \
          be read into a new file, and put that in its place:
              (echo 'PRAGMA user_version=2;PRAGMA application_id=1398033229;'; sqlite3 '\(record.path)' .dump) | sed \
          's/^ROLLBACK.*/COMMIT;/' | sqlite3 '\(record.path)'.new

          """), "\(result)")
      #expect(result.errors.split(separator: "\n").count == 3, "\(result)")
    }
    #expect(try Data(contentsOf: record) == before)
    #expect(program.read("ran") == "\n\n")
    try good.write(to: record)
    #expect(try await program.run().errors == "stackmake: 2 targets are up to date\n")
  }

  @Test func aRecordThatIsGoneWithoutItsLogIsDamage() async throws {
    let program = try Program(Self.file)
    try await program.run("-s")
    unlink("\(program.path)/.stackmake/record.sqlite")
    let result = try await program.run()
    #expect(result.status == 3)
    #expect(result.errors.contains("the record is damaged: it is gone, and its log is still there\n"))
    #expect(!program.exists(".stackmake/record.sqlite"))
  }

  @Test func aNewerRecordIsLeftAlone() async throws {
    let program = try Program(Self.file)
    try await program.run("-s")
    let record = URL(filePath: "\(program.path)/.stackmake/record.sqlite")
    var data = try Data(contentsOf: record)
    // The header's user version, at offset 60.
    data[63] = 99
    try data.write(to: record)
    for (words, operation) in [
      ([], "open the record"), (["clean", "--yes"], "open the record"), (["-n"], "read the record"),
      (["status"], "read the record"),
    ] {
      let result = try await program.start(words).outcome.value
      #expect(result.status == 3)
      #expect(
        result.errors == """
          stackmake: error: \(operation): \(record.path): the record has version 99, and this stackmake knows versions \
          up to 2
            hint: update stackmake: a newer one wrote this record; nothing was changed

          """)
    }
    #expect(try Data(contentsOf: record) == data)
  }
}

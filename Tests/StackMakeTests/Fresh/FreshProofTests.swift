import FoundationEssentials
import Support
import SystemPackage
import Testing

@testable import StackMake

/// A proof over a directory with a Stackfile, a directory, a path where nothing is, and a record.
@Suite struct FreshProofTests {
  /// What a proof is asked with.
  struct Asked: Sendable {
    var version = "1"
    var program: FileStamp
    var stackfile: String
    var goals = ["web", "db"]
    var overrides = [(name: "branch", value: "main")]
    var environment = ["HOME": "/root", "USED": "a", "OTHER": "b"]
    var asksCloud = true
    let directory: FilePath

    var state: FilePath { directory.appending(".stackmake") }
    var question: FreshProof.Question {
      FreshProof.Question(
        program: program, version: version, stackfile: stackfile, goals: goals, overrides: overrides)
    }

    func answer() -> Int? {
      guard let proof = FreshProof(readFrom: state),
        proof.holds(for: question, environment: environment, asksCloud: asksCloud, in: state)
      else { return nil }
      return proof.count
    }

    func write(_ name: String, _ text: String) throws {
      try text.write(toFile: directory.appending(name).string, atomically: false, encoding: .utf8)
    }
  }

  struct Case: Sendable, CustomStringConvertible {
    let description: String
    var using = FreshProof.EnvironmentUse.names(["USED"])
    var trustsRecord = false
    var holds = false
    let change: @Sendable (inout Asked) throws -> Void
  }

  /// Later than all that a test does: everything has settled by then.
  private static let later = Int64(Date().timeIntervalSince1970 * 1e9) + 3_600_000_000_000

  private func prove(
    _ asked: Asked, _ using: FreshProof.EnvironmentUse = .names(["USED"]), trustsRecord: Bool = false,
    since moment: Int64 = later
  ) throws -> FreshProof? {
    let files = WatchingFileSystem(directory: asked.directory)
    for path in ["Stackfile", "conf", "missing", "link"] { files.note(FilePath(path)) }
    return FreshProof(
      asked.question, environment: asked.environment, using: using, files: files.seen, since: moment,
      record: try #require(RecordStamp(of: asked.state, at: Self.later)), count: 3, trustsRecord: trustsRecord)
  }

  private func asked(_ scratch: ScratchDirectory) throws -> Asked {
    let asked = Asked(
      program: FileStamp(of: "/proc/self/exe"), stackfile: scratch.path.appending("Stackfile").string,
      directory: scratch.path)
    try asked.write("Stackfile", "web:\n    true\n")
    try FileManager.default.createDirectory(
      atPath: asked.directory.appending("conf").string, withIntermediateDirectories: true)
    try asked.write("conf/a", "a")
    try asked.write("one", "1")
    try asked.write("two", "1")
    try FileManager.default.createSymbolicLink(
      atPath: asked.directory.appending("link").string, withDestinationPath: "one")
    let store = try SQLiteStore(directory: asked.state)
    try store.set(["a": "1"])
    #expect(store.close())
    return asked
  }

  @Test(arguments: [
    Case(description: "nothing", holds: true) { _ in },
    Case(description: "a variable that nobody read", holds: true) { $0.environment["OTHER"] = "c" },
    Case(description: "a variable, where all count", using: .all) { $0.environment["OTHER"] = "c" },
    Case(description: "a variable that is gone") { $0.environment["USED"] = nil },
    Case(description: "a variable's value") { $0.environment["USED"] = "b" },
    Case(description: "the program") { $0.program = FileStamp(size: 1, modified: 2, changed: 3) },
    Case(description: "the version") { $0.version = "2" },
    Case(description: "the Stackfile's place") { $0.stackfile += "2" },
    Case(description: "the goals") { $0.goals = ["db", "web"] },
    Case(description: "a variable of the command line") { $0.overrides = [(name: "branch", value: "next")] },
    Case(description: "no variable on the command line") { $0.overrides = [] },
    Case(description: "servers, and the cloud isn't asked", trustsRecord: true, holds: true) { $0.asksCloud = false },
    Case(description: "servers, and the cloud is asked", trustsRecord: true) { _ in },
    Case(description: "a file, in the same size") { try $0.write("Stackfile", "db:\n     true\n") },
    Case(description: "a file that is gone") { try FileManager.default.removeItem(atPath: $0.stackfile) },
    Case(description: "a file's permissions") {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: $0.stackfile)
    },
    Case(description: "a file in a directory") { try $0.write("conf/b", "") },
    Case(description: "a file where there was none") { try $0.write("missing", "") },
    Case(description: "where a link leads, to the same bytes") {
      let link = $0.directory.appending("link").string
      try FileManager.default.removeItem(atPath: link)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "two")
    },
    Case(description: "a row of the record") {
      let store = try SQLiteStore(directory: $0.state)
      try store.set(["a": "2"])
      #expect(store.close())
    },
    Case(description: "a row of the record, which is open") {
      try SQLiteStore(directory: $0.state).set(["a": "2"])
    },
    Case(description: "the record only read", holds: true) {
      _ = try SQLiteStore(readingFrom: $0.state).traces()
    },
    Case(description: "no record") {
      try FileManager.default.removeItem(atPath: $0.state.appending("record.sqlite").string)
    },
    Case(description: "a byte of the proof") {
      let path = $0.state.appending("fresh").string
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(filePath: path))
    },
    Case(description: "half a proof") {
      let path = $0.state.appending("fresh").string
      let bytes = try Data(contentsOf: URL(filePath: path))
      try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
    },
    Case(description: "an empty proof") { try $0.write(".stackmake/fresh", "") },
  ])
  func whatChanged(example: Case) throws {
    let scratch = try ScratchDirectory()
    var asked = try asked(scratch)
    RecordStamp.settle(asked.state, at: Self.later)
    try #require(try prove(asked, example.using, trustsRecord: example.trustsRecord)).write(to: asked.state)
    try example.change(&asked)
    #expect(asked.answer() == (example.holds ? 3 : nil))
  }

  @Test func nothingIsProvedByWhatMayStillChangeUnseen() throws {
    // All of it is made later than that.
    let now = Int64(Date().timeIntervalSince1970 * 1e9)
    let scratch = try ScratchDirectory()
    let asked = try asked(scratch)
    #expect(try prove(asked, since: now) == nil)
    #expect(RecordStamp(of: asked.state, at: now) == nil)
    RecordStamp.settle(asked.state, at: now)
    #expect(RecordStamp(of: asked.state, at: now) != nil)
  }

  /// However soon: the clock of the file system needn't have gone on.
  @Test func aSettledRecordThatIsWrittenIsAnother() throws {
    let scratch = try ScratchDirectory()
    let asked = try asked(scratch)
    var seen: Set<String> = []
    for value in 0..<20 {
      RecordStamp.settle(asked.state, at: Int64(Date().timeIntervalSince1970 * 1e9))
      #expect(seen.insert(RecordStamp(of: asked.state).text).inserted)
      let store = try SQLiteStore(directory: asked.state)
      try store.set(["a": String(value % 10)])
      #expect(store.close())
      #expect(seen.insert(RecordStamp(of: asked.state).text).inserted)
    }
  }

  @Test func thereIsNoProofWithoutARecord() throws {
    let scratch = try ScratchDirectory()
    #expect(RecordStamp(of: scratch.path, at: Self.later) == nil)
    #expect(FreshProof(readFrom: scratch.path) == nil)
  }

  @Test func theLoaderTellsWhatItReadOfTheEnvironment() {
    let files = InMemoryFileSystem(texts: ["Stackfile": "a = {{ env ONE }}\nweb:\n    echo {{ env TWO }}\n"])
    let loader = Loader(
      fileSystem: files, dialect: .small, environment: ["ONE": "1", "TWO": "2", "THREE": "3"])
    #expect(loader.load("Stackfile").environmentUsed == ["ONE", "TWO"])
  }
}

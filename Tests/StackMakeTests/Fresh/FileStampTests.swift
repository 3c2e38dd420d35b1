import FoundationEssentials
import Support
import SystemPackage
import Testing

@testable import StackMake

@Suite struct FileStampTests {
  private static let second: Int64 = 1_000_000_000
  private static let now = 1000 * second

  struct Case: Sendable, CustomStringConvertible {
    let description: String
    let stamp: FileStamp
    let isSettled: Bool
  }

  @Test(arguments: [
    Case(
      description: "changed long ago", stamp: FileStamp(size: 1, modified: 5, changed: now - second + 7),
      isSettled: true),
    Case(
      description: "changed within the last tick", stamp: FileStamp(size: 1, modified: 5, changed: now - 20_000_001),
      isSettled: false),
    Case(
      description: "written within the last tick", stamp: FileStamp(size: 1, modified: now - 20_000_001, changed: 7),
      isSettled: false),
    Case(
      description: "a second ago, where there are no parts of seconds",
      stamp: FileStamp(size: 1, modified: now - second, changed: now - second), isSettled: false),
    Case(
      description: "three seconds ago, where there are no parts of seconds",
      stamp: FileStamp(size: 1, modified: now - 3 * second, changed: now - 3 * second), isSettled: true),
    Case(
      description: "from the future: a clock was set back",
      stamp: FileStamp(size: 1, modified: 5, changed: now + second + 1), isSettled: false),
    Case(description: "not there", stamp: FileStamp(size: 0, modified: 0, changed: 0, error: 2), isSettled: true),
    Case(
      description: "can't be looked at", stamp: FileStamp(size: 0, modified: 0, changed: 0, error: 13),
      isSettled: false),
  ])
  func settled(example: Case) {
    #expect(example.stamp.isSettled(at: Self.now) == example.isSettled)
  }

  @Test func aWatchKeepsTheFirstStamp() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.path.appending("a")
    let files = WatchingFileSystem(directory: scratch.path)
    #expect(try files.kind(of: "a") == nil)
    try "x".write(toFile: path.string, atomically: false, encoding: .utf8)
    #expect(try files.read("a") == Array("x".utf8))
    #expect(try files.list(".") == ["a"])
    #expect(files.seen.keys.sorted() == [scratch.path.string + "/.", path.string].sorted())
    #expect(files.seen[path.string]?.exists == false)
  }
}

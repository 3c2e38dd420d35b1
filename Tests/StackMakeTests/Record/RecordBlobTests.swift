import Testing

@testable import StackMake

@Suite struct RecordBlobTests {
  private func decode(_ bytes: [UInt8]) throws -> [ManifestEntry] {
    try bytes.withUnsafeBytes { try RecordBlob.entries($0) }
  }

  @Test(
    arguments: [
      [], [ManifestEntry("", "")], [ManifestEntry("a", "b"), ManifestEntry("a", "b")],
      [ManifestEntry("long", String(repeating: "é", count: 40000)), ManifestEntry("\0", "🙂\r\n")],
    ] as [[ManifestEntry]])
  func comesBackAsItWas(entries: [ManifestEntry]) throws {
    #expect(try decode(RecordBlob.encode(entries)) == entries)
  }

  @Test func isPinned() {
    #expect(RecordBlob.encode([ManifestEntry("ab", "c")]) == [1, 1, 2, 0x61, 0x62, 1, 0x63])
    #expect(RecordBlob.encode(["b": "", "a": "x"]) == [1, 2, 1, 0x61, 1, 0x78, 1, 0x62, 0])
  }

  @Test(
    arguments: [
      [], [2, 0], [1], [1, 1], [1, 1, 5, 0x61], [1, 0, 0], [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [1, 0x7f, 1, 0x61],
    ] as [[UInt8]])
  func refusesWhatItDidNotWrite(bytes: [UInt8]) {
    #expect(throws: RecordBlob.Malformed.self) { try decode(bytes) }
  }
}

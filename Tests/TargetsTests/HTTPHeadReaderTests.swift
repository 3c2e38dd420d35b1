import Testing

@testable import Targets

@Suite struct HTTPHeadReaderTests {
  @Test(
    arguments: [
      (["HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n"], 200, ["A: b"]),
      (["HTTP/2 404 \r\n", "a:b", "c:   d  \r\n", "e:"], 404, ["a: b", "c: d", "e: "]),
      (
        ["HTTP/1.1 103 Early\r\n", "A: b\r\n", "\r\n", "HTTP/1.1 200\r\n", "C: d:e\r\n", "\r\n", "Trailer: f\r\n"], 200,
        ["C: d:e", "Trailer: f"]
      ),
      (["HTTP/1.1 200 OK", "A: b", "\tc\r\n", "nonsense", "\r\n"], 200, ["A: b c"]),
      ([" lost", "A: b"], 0, ["A: b"]),
      (["HTTP/1.1", "A: b"], 0, ["A: b"]),
    ] as [([String], Int, [String])])
  func reads(_ lines: [String], _ status: Int, _ headers: [String]) {
    var reader = HTTPHeadReader()
    for line in lines { reader.read(line.utf8) }
    #expect(reader.status == status)
    #expect(reader.isWhole == (lines.contains("\r\n") && status >= 200))
    #expect(reader.headers.map { "\($0.name): \($0.value)" } == headers)
  }
}

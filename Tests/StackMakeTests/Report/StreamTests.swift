import Testing

@testable import StackMake

@Suite struct LineSplitterTests {
  @Test(
    arguments: [
      (["a\nb\n"], ["a", "b"], nil),
      (["a", "b", "\n"], ["ab"], nil),
      (["a\r\nb"], ["a"], "b"),
      (["10%\r20%\r100%\n"], ["100%"], nil),
      (["10%\r", "20%\r", "\n"], ["20%"], nil),
      (["\n\n"], ["", ""], nil),
      ([], [], nil),
      (["10%\r20%"], [], "20%"),
    ] as [([String], [String], String?)])
  func splits(pieces: [String], lines: [String], rest: String?) {
    var splitter = LineSplitter()
    #expect(pieces.flatMap { splitter.feed($0.utf8) } == lines)
    #expect(splitter.finish() == rest)
    #expect(splitter.finish() == nil)
  }

  @Test func keepsCharactersThatArriveInPieces() {
    var splitter = LineSplitter()
    let lines = "Größe 東京 🙂\n".utf8.flatMap { splitter.feed([$0]) }
    #expect(lines == ["Größe 東京 🙂"])
  }

  @Test func repairsWhatIsNotText() {
    var splitter = LineSplitter()
    #expect(splitter.feed([0x61, 0xff, 0x62, 0x0a]) == ["a\u{fffd}b"])
  }

  @Test(arguments: ["a", "é", "東", "🙂"])
  func cutsLongLinesBetweenCharacters(character: String) {
    var splitter = LineSplitter(limit: 10)
    let text = "x" + String(repeating: character, count: 30)
    let pieces = splitter.feed(text.utf8)
    #expect(pieces.allSatisfy { $0.utf8.count <= 10 && !$0.contains("\u{fffd}") })
    #expect(pieces.joined() + (splitter.finish() ?? "") == text)
    #expect(pieces.count >= 3)
  }
}

@Suite struct RedactorTests {
  @Test(arguments: [
    (["abc"], "x abc y abc", "x •••• y ••••"),
    (["abc", "abcdef"], "abcdef abc", "•••• ••••"),
    (["ab", "cd"], "abcd", "••••••••"),
    (["aa"], "aaa", "••••a"),
    ([""], "text", "text"),
    ([], "text", "text"),
    (["pass"], "no secret", "no secret"),
    (["größe"], "die größe!", "die ••••!"),
  ])
  func redacts(secrets: [String], text: String, expected: String) {
    let redactor = Redactor(secrets: secrets)
    #expect(redactor.redact(text) == expected)
    #expect(redactor.redact(Array(text.utf8)) == Array(expected.utf8))
  }

  @Test func redactsBytesThatAreNoText() {
    #expect(Redactor(secrets: ["ab"]).redact([0xff, 0x61, 0x62, 0xfe]) == [0xff] + Array("••••".utf8) + [0xfe])
  }

  @Test(
    arguments: [
      .started(target: "t", reasons: [.changed(key: "step 1", old: "S3", new: "S3")], expectedSeconds: nil),
      .started(target: "t", reasons: [.drift(what: "x", old: "S3", new: "S3")], expectedSeconds: nil),
      .started(target: "t", reasons: [.failedBefore(message: "S3")], expectedSeconds: nil),
      .stepStarted(target: "t", number: 1, of: 1, text: "echo S3", place: nil),
      .output(target: "t", place: nil, line: "S3"), .note(target: nil, text: "S3"), .warning(target: nil, text: "S3"),
      .trace(target: nil, text: "S3"),
      .finished(
        target: "t", outcome: .failed(StepError(operation: "S3", subject: "S3", cause: "S3", hint: "S3")), seconds: 1),
      .finished(target: "t", outcome: .locked(StepError(operation: "a", subject: "b", cause: "S3")), seconds: 1),
    ] as [Event])
  func redactsEveryEvent(event: Event) {
    #expect("\(event)".contains("S3"))
    #expect(!"\(Redactor(secrets: ["S3"]).redact(event))".contains("S3"))
  }
}

/// Reads the steps in the indented lines of a rule.
struct RecipeParser {
  private let source: SourceFile
  private let number: UInt32
  private var reader: TemplateReader
  private var scanner: WordScanner
  private var steps: [StepSyntax] = []
  private var reported: [Diagnostic] = []
  /// Names of the last `on` line.
  private var places: [StepSyntax.Value] = []
  private var stepLines: [StepLines] = []

  /// Lines of one step, or of a comment in its place, from 0.
  struct StepLines {
    var first: Int
    var more: [(line: Int, isJoined: Bool, isBlank: Bool)]
  }

  /// The lines of each step; nil where they don't begin in one column.
  static func stepLines(_ source: SourceFile, number: UInt32, lines: Range<UInt32>) -> [StepLines]? {
    var parser = RecipeParser(source, number: number)
    parser.parse(Int(lines.lowerBound)..<Int(lines.upperBound))
    return parser.reported.contains { $0.kind == .unevenIndentation } ? nil : parser.stepLines
  }

  static func parse(
    _ source: SourceFile, number: UInt32, lines: Range<UInt32>
  ) -> (steps: [StepSyntax], diagnostics: [Diagnostic]) {
    if lines.count == 1, let step = simpleStep(source, number, Int(lines.lowerBound)) { return ([step], []) }
    var parser = RecipeParser(source, number: number)
    parser.parse(Int(lines.lowerBound)..<Int(lines.upperBound))
    return (parser.steps, parser.reported + parser.scanner.diagnostics + parser.reader.diagnostics)
  }

  /// One line that is a script without `{{`, as most are in a large Stackfile; nil for all else.
  private static func simpleStep(_ source: SourceFile, _ number: UInt32, _ line: Int) -> StepSyntax? {
    let bounds = source.line(line)
    var start = bounds.lowerBound
    var end = bounds.upperBound
    let isPlain = source.bytes.withUnsafeBufferPointer { bytes in
      while start < end, Byte.isBlank(bytes[start]) { start += 1 }
      while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
      // Letters that begin a keyword, a comment, a `{{`: the long way decides.
      guard start < end, bytes[start] != Byte.hash, !"oplr".utf8.contains(bytes[start]) else { return false }
      for at in start..<end where bytes[at] == Byte.openBrace { return false }
      return true
    }
    guard isPlain else { return nil }
    return StepSyntax(
      body: .script(TemplateSyntax(parts: [.text(source.text(start..<end))])),
      range: SourceRange(file: number, start: start, end: end), line: line)
  }

  private init(_ source: SourceFile, number: UInt32) {
    self.source = source
    self.number = number
    reader = TemplateReader(source, number: number)
    scanner = WordScanner(source, number: number)
  }

  /// A line that continues a step.
  private struct Continuation {
    var bounds: Range<Int>
    /// Follows a `\`, so that its indentation says nothing.
    var isJoined: Bool
    /// Empty, or blanks alone.
    var isBlank: Bool
  }

  private func range(_ bounds: Range<Int>) -> SourceRange {
    SourceRange(file: number, start: bounds.lowerBound, end: bounds.upperBound)
  }

  private mutating func report(_ kind: Diagnostic.Kind, _ bounds: Range<Int>) {
    reported.append(Diagnostic(kind, at: range(bounds)))
  }

  // MARK: Lines

  private mutating func parse(_ lines: Range<Int>) {
    var base: Int?
    var isUneven = false
    var line = lines.lowerBound
    while line < lines.upperBound {
      let bounds = source.line(line)
      guard let (columns, start) = indentation(bounds) else {
        line += 1
        continue
      }
      if columns < base ?? columns {
        if !isUneven { report(.unevenIndentation, start..<bounds.upperBound) }
        isUneven = true
        line += 1
        continue
      }
      base = base ?? columns
      let first = line
      line += 1
      let more = continuations(&line, lines.upperBound, after: bounds, deeperThan: base!)
      stepLines.append(
        StepLines(
          first: first,
          more: more.map { (source.lineNumber(at: $0.bounds.lowerBound), $0.isJoined, $0.isBlank) }))
      parseStep(start..<trimmed(start..<bounds.upperBound, isLast: more.isEmpty), line: first, more)
    }
  }

  /// Column and offset of the first character; nil for blank lines and comments in the first column.
  private func indentation(_ bounds: Range<Int>) -> (Int, Int)? {
    if bounds.isEmpty || source.bytes[bounds.lowerBound] == Byte.hash { return nil }
    var columns = 0
    var at = bounds.lowerBound
    while at < bounds.upperBound {
      if source.bytes[at] == Byte.space {
        columns += 1
      } else if source.bytes[at] == Byte.tab {
        columns = (columns / 8 + 1) * 8
      } else {
        return (columns, at)
      }
      at += 1
    }
    return nil
  }

  private func trimmed(_ bounds: Range<Int>, isLast: Bool) -> Int {
    var end = bounds.upperBound
    while isLast, end > bounds.lowerBound, Byte.isBlank(source.bytes[end - 1]) { end -= 1 }
    return end
  }

  private func continuations(
    _ line: inout Int, _ limit: Int, after bounds: Range<Int>, deeperThan base: Int
  ) -> [Continuation] {
    var result: [Continuation] = []
    var kept = 0
    var next = line
    var isJoined = bounds.upperBound > bounds.lowerBound && source.bytes[bounds.upperBound - 1] == Byte.backslash
    while next < limit {
      let bounds = source.line(next)
      let indentation = indentation(bounds)
      if isJoined {
        result.append(Continuation(bounds: bounds, isJoined: true, isBlank: false))
      } else if let indentation {
        guard indentation.0 > base else { break }
        result.append(Continuation(bounds: bounds, isJoined: false, isBlank: false))
      } else {
        if bounds.isEmpty || source.bytes[bounds.lowerBound] != Byte.hash {
          result.append(Continuation(bounds: bounds, isJoined: false, isBlank: true))
        }
        next += 1
        continue
      }
      next += 1
      // Blank lines count only where more of the step follows.
      kept = result.count
      line = next
      isJoined = bounds.upperBound > bounds.lowerBound && source.bytes[bounds.upperBound - 1] == Byte.backslash
    }
    result.removeSubrange(kept...)
    return result
  }

  // MARK: Steps

  private mutating func parseStep(_ first: Range<Int>, line: Int, _ more: [Continuation]) {
    var step = StepSyntax(
      body: .script(TemplateSyntax()), range: range(first), line: line, on: places)
    var at = first.lowerBound
    var modifier: Range<Int>?
    while at < first.upperBound {
      let word = at..<scanEnd(at, first.upperBound)
      guard let keyword = keyword(word) else { break }
      switch keyword {
      case .once: step.isOnce = true
      case .local: step.isLocal = true
      case .retry: break
      case .put, .render, .on:
        if let modifier {
          return report(
            .modifierOnTransfer(modifier: source.text(modifier), step: source.text(word)), modifier)
        }
        let end = more.last?.bounds.upperBound ?? first.upperBound
        return keyword == .on
          ? parseOn(word, end) : parseTransfer(&step, isRender: keyword == .render, word, end)
      }
      modifier = word
      at = scanner.skipBlanks(word.upperBound, first.upperBound)
      if keyword == .retry { parseRetry(&step, word, &at, first.upperBound) }
    }
    if at >= first.upperBound, more.isEmpty {
      return report(.missingScript(after: source.text(modifier ?? first)), modifier ?? first)
    }
    // A comment alone does nothing, so it is no step.
    if modifier == nil, more.isEmpty, source.bytes[at] == Byte.hash { return }
    step.body = .script(script(at..<first.upperBound, more))
    steps.append(step)
  }

  private enum Keyword {
    case once, local, retry, put, render, on
  }

  private func keyword(_ word: Range<Int>) -> Keyword? {
    guard word.count >= 2, word.count <= 6 else { return nil }
    switch (word.count, source.bytes[word.lowerBound]) {
    case (2, UInt8(ascii: "o")): return equals(word, "on") ? .on : nil
    case (3, UInt8(ascii: "p")): return equals(word, "put") ? .put : nil
    case (4, UInt8(ascii: "o")): return equals(word, "once") ? .once : nil
    case (5, UInt8(ascii: "l")): return equals(word, "local") ? .local : nil
    case (5, UInt8(ascii: "r")): return equals(word, "retry") ? .retry : nil
    case (6, UInt8(ascii: "r")): return equals(word, "render") ? .render : nil
    default: return nil
    }
  }

  private func equals(_ word: Range<Int>, _ text: StaticString) -> Bool {
    text.withUTF8Buffer { source.bytes[word].elementsEqual($0) }
  }

  private func scanEnd(_ start: Int, _ limit: Int) -> Int {
    var at = start
    while at < limit, !Byte.isBlank(source.bytes[at]) { at += 1 }
    return at
  }

  /// The rest of the first line, then the deeper ones without what they are indented by in common.
  private mutating func script(_ first: Range<Int>, _ more: [Continuation]) -> TemplateSyntax {
    if !first.isEmpty { reader.append(first) }
    var common = Int.max
    for line in more where !line.isJoined && !line.isBlank {
      common = min(common, indentation(line.bounds)?.0 ?? common)
    }
    var isFirst = first.isEmpty
    for line in more {
      if !isFirst { reader.append(CollectionOfOne(Byte.newline)) }
      isFirst = false
      if line.isBlank { continue }
      var columns = 0
      var at = line.bounds.lowerBound
      while at < line.bounds.upperBound, columns < common, Byte.isBlank(source.bytes[at]) {
        columns = source.bytes[at] == Byte.tab ? (columns / 8 + 1) * 8 : columns + 1
        at += 1
      }
      // A tab can reach further than what is taken away.
      if columns > common { reader.append(repeatElement(Byte.space, count: columns - common)) }
      reader.append(at..<line.bounds.upperBound)
    }
    return reader.finish()
  }

  private mutating func value(_ bounds: Range<Int>) -> StepSyntax.Value {
    reader.append(bounds, .word)
    return StepSyntax.Value(text: reader.finish(), range: range(bounds))
  }

  // MARK: Keywords

  private mutating func parseOn(_ word: Range<Int>, _ end: Int) {
    let names = scanner.words(word.upperBound..<end)
    if names.isEmpty { report(.onNothing, word) }
    places = []
    for name in names { places.append(value(name)) }
  }

  private mutating func parseRetry(_ step: inout StepSyntax, _ keyword: Range<Int>, _ at: inout Int, _ limit: Int) {
    var count: StepSyntax.Value?
    var every: StepSyntax.Value?
    while at < limit {
      let word = at..<scanner.endOfWord(at, limit)
      guard let equalsAt = word.first(where: { source.bytes[$0] == Byte.equals }) else { break }
      let isCount = equals(at..<equalsAt, "count")
      guard isCount || equals(at..<equalsAt, "every") else { break }
      if (isCount ? count : every) != nil { report(.duplicateOption(source.text(at..<equalsAt)), word) }
      let text = value(equalsAt + 1..<word.upperBound)
      if isCount { count = text } else { every = text }
      at = scanner.skipBlanks(word.upperBound, limit)
    }
    guard let count else { return report(.missingOption("count", of: "retry"), keyword) }
    step.retry = StepSyntax.Retry(count: count, every: every)
  }

  private mutating func parseTransfer(
    _ step: inout StepSyntax, isRender: Bool, _ keyword: Range<Int>, _ end: Int
  ) {
    let name = isRender ? "render" : "put"
    var words: [Range<Int>] = []
    var mode: StepSyntax.Value?
    var owner: StepSyntax.Value?
    let flaws = scanner.diagnostics.count
    for word in scanner.words(keyword.upperBound..<end) {
      // The source and the destination come first: `a=b` may be the name of a file.
      guard words.count == 2, let equalsAt = word.first(where: { source.bytes[$0] == Byte.equals }) else {
        if words.count == 2 { return report(.extraWord(source.text(word), step: name), word) }
        words.append(word)
        continue
      }
      let key = source.text(word.lowerBound..<equalsAt)
      let text = value(equalsAt + 1..<word.upperBound)
      switch key {
      case "mode":
        if mode != nil { report(.duplicateOption(key), word) }
        mode = text
      case "owner":
        if owner != nil { report(.duplicateOption(key), word) }
        owner = text
      default:
        var nearest = NearestName()
        let near = nearest.near(key, among: ["mode", "owner"])
        report(.unknownOption(key, of: name, near: near), word.lowerBound..<equalsAt)
      }
    }
    guard words.count == 2 else {
      if scanner.diagnostics.count == flaws { report(.transferWords(step: name), keyword) }
      return
    }
    step.body = .transfer(
      StepSyntax.TransferSyntax(
        isRender: isRender, source: value(words[0]), destination: value(words[1]), mode: mode, owner: owner))
    steps.append(step)
  }
}

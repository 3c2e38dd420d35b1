/// Reads the statements of one Stackfile. After an error it goes on with the next statement.
struct Parser {
  var tree: Syntax
  var diagnostics: [Diagnostic] = []

  let source: SourceFile
  let bytes: UnsafeBufferPointer<UInt8>
  let classes: UnsafeBufferPointer<UInt8>
  /// The line that is read, from 0, and its end.
  var line = 0
  var at = 0
  var end = 0

  /// The tree of `source`, which is file `number` of its map, and all that is wrong with it.
  static func parse(_ source: SourceFile, number: UInt32) -> (tree: Syntax, diagnostics: [Diagnostic]) {
    if let flaw = source.flaw {
      let kind: Diagnostic.Kind
      let range: Range<Int>
      switch flaw {
      case .nul(let at): (kind, range) = (.nulByte, at..<at + 1)
      case .notUTF8(let bytes): (kind, range) = (.notUTF8, bytes)
      }
      let place = SourceRange(file: number, start: range.lowerBound, end: range.upperBound)
      return (Syntax(file: number), [Diagnostic(kind, at: place)])
    }
    return source.bytes.withUnsafeBufferPointer { bytes in
      Byte.classes.withUnsafeBufferPointer { classes in
        var parser = Parser(source: source, number: number, bytes: bytes, classes: classes)
        parser.parseFile()
        return (parser.tree, parser.diagnostics)
      }
    }
  }

  private init(
    source: SourceFile, number: UInt32, bytes: UnsafeBufferPointer<UInt8>, classes: UnsafeBufferPointer<UInt8>
  ) {
    self.source = source
    self.bytes = bytes
    self.classes = classes
    tree = Syntax(file: number)
  }

  // MARK: Lines

  private mutating func parseFile() {
    // After a broken statement its indented lines are no news.
    var skipsIndented = false
    while line < source.lineCount {
      startLine()
      guard at < end else {
        line += 1
        continue
      }
      if Byte.isBlank(bytes[at]) {
        let first = line
        if !isBlankLine(line), !skipsIndented {
          skipBlanks()
          report(.orphanIndent, at..<end)
          skipsIndented = true
        }
        line = max(line, first) + 1
        continue
      }
      if bytes[at] == Byte.hash {
        line += 1
        continue
      }
      let count = diagnostics.count
      parseStatement()
      skipsIndented = diagnostics.count > count
    }
  }

  private mutating func startLine() {
    let bounds = source.line(line)
    at = bounds.lowerBound
    end = bounds.upperBound
  }

  func isBlankLine(_ number: Int) -> Bool {
    source.line(number).allSatisfy { Byte.isBlank(bytes[$0]) }
  }

  /// Goes to the next byte of the statement, over blanks, continuations and a comment.
  mutating func skipBlanks() {
    while true {
      let start = at
      while at < end, Byte.isBlank(bytes[at]) { at += 1 }
      if at < end, bytes[at] == Byte.hash, at == start ? isAfterBlank : true {
        at = end
        return
      }
      guard isContinued, startNextLine() else { return }
    }
  }

  /// Goes on in the next line; at the end of the file there is none, and a `\` there continues nothing.
  private mutating func startNextLine() -> Bool {
    guard line + 1 < source.lineCount else {
      at = end
      return false
    }
    line += 1
    startLine()
    return true
  }

  private var isAfterBlank: Bool { at == 0 || Byte.isBlank(bytes[at - 1]) || bytes[at - 1] == Byte.newline }

  /// At the `\` that ends a line.
  private var isContinued: Bool { at == end - 1 && bytes[at] == Byte.backslash }

  mutating func endStatement() {
    at = end
    line += 1
  }

  mutating func report(_ kind: Diagnostic.Kind, _ range: Range<Int>) {
    diagnostics.append(
      Diagnostic(kind, at: SourceRange(file: tree.file, start: range.lowerBound, end: range.upperBound)))
  }

  // MARK: Statements

  private mutating func parseStatement() {
    let firstLine = line
    let firstWord = tree.words.count
    var joined: UInt8 = 0
    while true {
      skipBlanks()
      guard at < end else {
        // A `\` alone, and nothing on the next line.
        return tree.words.count == firstWord ? endStatement() : reportNoOperator(firstWord)
      }
      switch bytes[at] {
      case Byte.colon:
        return parseRule(firstWord, firstLine, joined: joined)
      case Byte.equals:
        return parseAssignment(firstWord)
      case Byte.bar:
        report(.invalidCharacter("|", word: "a target"), at..<at + 1)
        return abandon(firstWord)
      default: break
      }
      let word = scanWord(&joined)
      tree.words.append(word)
      if tree.words.count == firstWord + 1, parseKeyword(word, firstWord) { return }
    }
  }

  /// A word up to a blank, `:`, `=`, `|` or the end; the classes of its bytes are joined into `joined`.
  @inline(__always)
  mutating func scanWord(_ joined: inout UInt8) -> Syntax.Word {
    let start = at
    while at < end {
      let byteClass = classes[Int(bytes[at])]
      if byteClass & Byte.Class.end.rawValue != 0 || isContinued { break }
      joined |= byteClass
      at += 1
    }
    return Syntax.Word(start: UInt32(start), end: UInt32(at))
  }

  private func equals(_ word: Syntax.Word, _ text: StaticString) -> Bool {
    word.bounds.count == text.utf8CodeUnitCount
      && text.withUTF8Buffer { $0.elementsEqual(bytes[word.bounds]) }
  }

  func text(_ word: Syntax.Word) -> String { source.text(word.bounds) }

  private mutating func reportNoOperator(_ firstWord: Int) {
    let last = tree.words[tree.words.count - 1]
    report(.expectedOperator(after: text(last)), last.bounds)
    abandon(firstWord)
  }

  /// Gives a statement up: its words may be names that others use.
  mutating func abandon(_ firstWord: Int) {
    tree.broken += tree.words[firstWord...]
    tree.words.removeSubrange(firstWord...)
    skipToEnd()
  }

  mutating func skipToEnd() {
    while true {
      at = max(at, end - 1)
      guard at < end, isContinued, startNextLine() else { break }
    }
    endStatement()
  }

  // MARK: Keywords

  private mutating func parseKeyword(_ word: Syntax.Word, _ firstWord: Int) -> Bool {
    guard word.bounds.count <= 8, at == end || Byte.isBlank(bytes[at]) else { return false }
    let isInclude = equals(word, "include")
    guard isInclude || equals(word, "include?") || equals(word, "secret") || equals(word, "pool") else { return false }
    skipBlanks()
    if at < end {
      let next = bytes[at]
      let isOperator =
        next == Byte.colon || next == Byte.equals
        || (at + 1 < end && (next == Byte.plus && bytes[at + 1] == Byte.colon))
        || (at + 1 < end && (next == Byte.plus || next == Byte.question) && bytes[at + 1] == Byte.equals)
      if isOperator { return false }
    }
    tree.words.removeSubrange(firstWord...)
    if at == end {
      report(equals(word, "pool") ? .poolSyntax : .missingWord(after: text(word)), word.bounds)
    } else if equals(word, "secret") {
      parseSecrets()
    } else if equals(word, "pool") {
      parsePool(word)
    } else {
      parseInclude(isOptional: !isInclude)
    }
    skipToEnd()
    return true
  }

  private mutating func plainWord() -> Syntax.Word {
    let start = at
    while at < end, !Byte.isBlank(bytes[at]), !isContinued { at += 1 }
    return Syntax.Word(start: UInt32(start), end: UInt32(at))
  }

  private mutating func parseSecrets() {
    while at < end {
      let word = plainWord()
      if Byte.isVariableName(bytes[word.bounds]) {
        tree.statements.append(.secret(word))
      } else {
        report(.badVariableName(text(word)), word.bounds)
      }
      skipBlanks()
    }
  }

  private mutating func parsePool(_ keyword: Syntax.Word) {
    let name = plainWord()
    skipBlanks()
    let size = value()
    guard Byte.isVariableName(bytes[name.bounds]), !size.bounds.isEmpty else {
      tree.broken.append(name)
      return report(.poolSyntax, Int(keyword.start)..<Int(name.end))
    }
    tree.statements.append(.pool(UInt32(tree.pools.count)))
    tree.pools.append(Syntax.Pool(name: name, size: size))
  }

  private mutating func parseInclude(isOptional: Bool) {
    var path = value()
    if path.bounds.isEmpty { return report(.missingWord(after: "include"), at - 1..<at) }
    for i in path.bounds.dropLast() where bytes[i] == Byte.openBrace && bytes[i + 1] == Byte.openBrace {
      return report(.includeHole, i..<i + 2)
    }
    let isPack =
      path.bounds.count > 2 && bytes[Int(path.start)] == UInt8(ascii: "<")
      && bytes[Int(path.end) - 1] == UInt8(ascii: ">")
    if isPack {
      path.start += 1
      path.end -= 1
    }
    tree.statements.append(.include(UInt32(tree.includes.count)))
    tree.includes.append(Syntax.Include(path: path, isOptional: isOptional, isPack: isPack))
  }

  // MARK: Variables

  /// From here to the end of the statement, without blanks around it and without a comment.
  mutating func value() -> Syntax.Word {
    let start = at
    var last = at
    while true {
      while at < end {
        let byte = bytes[at]
        if byte == Byte.hash, isAfterBlank {
          at = end
          return Syntax.Word(start: UInt32(start), end: UInt32(last))
        }
        if isContinued { break }
        at += 1
        if !Byte.isBlank(byte) { last = at }
      }
      guard at < end, startNextLine() else { return Syntax.Word(start: UInt32(start), end: UInt32(last)) }
    }
  }

  private mutating func parseAssignment(_ firstWord: Int) {
    var names = Array(tree.words[firstWord...])
    guard var name = names.popLast() else {
      report(.missingName, at..<at + 1)
      return skipToEnd()
    }
    var operation = Syntax.Operator.set
    let last = bytes[Int(name.end) - 1]
    if Int(name.end) == at, last == Byte.question || last == Byte.plus {
      operation = last == Byte.plus ? .append : .suggest
      name.end -= 1
      if name.bounds.isEmpty, let before = names.popLast() { name = before }
    }
    guard names.isEmpty, Byte.isVariableName(bytes[name.bounds]) else {
      let written = Int((names.first ?? name).start)..<Int(name.end)
      report(
        written.isEmpty ? .missingName : .badVariableName(source.text(written)), written.isEmpty ? at..<at + 1 : written
      )
      return abandon(firstWord)
    }
    tree.words.removeSubrange(firstWord...)
    at += 1
    skipBlanks()
    tree.statements.append(.assignment(UInt32(tree.assignments.count)))
    tree.assignments.append(Syntax.Assignment(name: name, operation: operation, value: value()))
    endStatement()
  }
}

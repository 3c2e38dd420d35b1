/// Reads the statements of one Stackfile. After an error it goes on with the next statement.
struct Parser {
  private(set) var tree: Syntax
  private(set) var diagnostics: [Diagnostic] = []

  private let source: SourceFile
  private let bytes: UnsafeBufferPointer<UInt8>
  private let classes: UnsafeBufferPointer<UInt8>
  /// The line that is read, from 0, and its end.
  private var line = 0
  private var at = 0
  private var end = 0

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

  private func isBlankLine(_ number: Int) -> Bool {
    source.line(number).allSatisfy { Byte.isBlank(bytes[$0]) }
  }

  /// Goes to the next byte of the statement, over blanks, continuations and a comment.
  private mutating func skipBlanks() {
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

  private mutating func endStatement() {
    at = end
    line += 1
  }

  private mutating func report(_ kind: Diagnostic.Kind, _ range: Range<Int>) {
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
  private mutating func scanWord(_ joined: inout UInt8) -> Syntax.Word {
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

  private func text(_ word: Syntax.Word) -> String { source.text(word.bounds) }

  private mutating func reportNoOperator(_ firstWord: Int) {
    let last = tree.words[tree.words.count - 1]
    report(.expectedOperator(after: text(last)), last.bounds)
    abandon(firstWord)
  }

  /// Gives a statement up: its words may be names that others use.
  private mutating func abandon(_ firstWord: Int) {
    tree.broken += tree.words[firstWord...]
    tree.words.removeSubrange(firstWord...)
    skipToEnd()
  }

  private mutating func skipToEnd() {
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
  private mutating func value() -> Syntax.Word {
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

  // MARK: Rules

  private mutating func parseRule(_ firstWord: Int, _ firstLine: Int, joined: UInt8) {
    var isAppending = false
    if let last = tree.words.last, tree.words.count > firstWord, last.end - last.start == 1,
      bytes[Int(last.start)] == Byte.plus, Int(last.end) == at
    {
      isAppending = true
      tree.words.removeLast()
    }
    guard tree.words.count > firstWord else {
      report(.missingTarget, at..<at + 1)
      return skipToEnd()
    }
    let colon = at
    at += 1
    if at < end, bytes[at] == Byte.equals || bytes[at] == Byte.colon {
      report(.unsupportedOperator(source.text(colon..<at + 1)), colon..<at + 1)
      return abandon(firstWord)
    }
    // Names that were wrong are left out; the rule stands for the others.
    if joined & ~Self.plain != 0 || !tree.words[firstWord...].allSatisfy({ isPath($0) }) {
      checkWords(from: firstWord, isTarget: true)
    }
    let targetCount = tree.words.count - firstWord
    parseDependencies(firstWord, targetCount, firstLine, isAppending)
  }

  private mutating func parseDependencies(
    _ firstWord: Int, _ targetCount: Int, _ firstLine: Int, _ isAppending: Bool
  ) {
    var joined: UInt8 = 0
    var dependencyCount: Int?
    let start = tree.words.count
    while true {
      skipBlanks()
      guard at < end else { break }
      switch bytes[at] {
      case Byte.bar:
        if dependencyCount != nil { report(.severalBars, at..<at + 1) }
        dependencyCount = dependencyCount ?? tree.words.count - start
        at += 1
      case Byte.equals where tree.words.count == start + 1 && dependencyCount == nil && !isAppending:
        return parseTargetVariable(firstWord, targetCount)
      case Byte.equals where tree.words.count == start + 2 && dependencyCount == nil && !isAppending:
        // `name += value`, `name ?= value`
        let sign = tree.words[start + 1]
        if sign.end - sign.start == 1, Int(sign.end) == at {
          return parseTargetVariable(firstWord, targetCount)
        }
        fallthrough
      case Byte.colon, Byte.equals:
        report(.invalidCharacter(source.text(at..<at + 1), word: "a dependency"), at..<at + 1)
        at += 1
      default:
        tree.words.append(scanWord(&joined))
      }
    }
    line += 1
    var dependencies = dependencyCount ?? tree.words.count - start
    if joined & ~Self.plain != 0 || !tree.words[start...].allSatisfy({ isPath($0) }) {
      let orderOnly = Array(tree.words[(start + dependencies)...])
      tree.words.removeSubrange((start + dependencies)...)
      checkWords(from: start, isTarget: false)
      dependencies = tree.words.count - start
      tree.words += orderOnly
      checkWords(from: start + dependencies, isTarget: false)
    }
    let recipe = collectRecipe()
    tree.statements.append(.rule(UInt32(tree.rules.count)))
    tree.rules.append(
      Syntax.Rule(
        firstWord: UInt32(firstWord), targetCount: UInt32(targetCount), dependencyCount: UInt32(dependencies),
        orderOnlyCount: UInt32(tree.words.count - start - dependencies), isAppending: isAppending,
        line: UInt32(firstLine), recipe: recipe))
  }

  private mutating func parseTargetVariable(_ firstWord: Int, _ targetCount: Int) {
    let targets = UInt32(firstWord)..<UInt32(firstWord + targetCount)
    let start = firstWord + targetCount
    var name = tree.words[start]
    var operation = Syntax.Operator.set
    let sign = bytes[at - 1]
    if tree.words.count == start + 2 || Int(name.end) == at, sign == Byte.plus || sign == Byte.question {
      operation = sign == Byte.plus ? .append : .suggest
      if tree.words.count == start + 1 { name.end -= 1 }
    }
    let isGood =
      Byte.isVariableName(bytes[name.bounds]) && (tree.words.count == start + 1 || operation != .set)
    guard isGood else {
      report(.badVariableName(text(name)), name.bounds.isEmpty ? at..<at + 1 : name.bounds)
      return abandon(start)
    }
    tree.words.removeSubrange(start...)
    at += 1
    skipBlanks()
    tree.statements.append(.targetVariable(UInt32(tree.targetVariables.count)))
    tree.targetVariables.append(
      Syntax.TargetVariable(
        targets: targets, assignment: Syntax.Assignment(name: name, operation: operation, value: value())))
    endStatement()
  }

  // MARK: Names

  /// Classes of the bytes of plain names.
  private static let plain = Byte.Class.name.rawValue | Byte.Class.slash.rawValue

  /// Reports words that can't be names, and takes them out.
  private mutating func checkWords(from first: Int, isTarget: Bool) {
    var kept = first
    var isInHole = false
    for i in first..<tree.words.count {
      let word = tree.words[i]
      let wasInHole = isInHole
      if let open = pair(Byte.openBrace, in: word), !isInHole {
        report(.holeInName(isTarget ? "a target" : "a dependency"), open..<open + 2)
        isInHole = true
      }
      if isInHole {
        if pair(Byte.closeBrace, in: word) != nil { isInHole = false }
        if !wasInHole { tree.broken.append(word) }
      } else if check(word, isTarget: isTarget) {
        tree.words[kept] = word
        kept += 1
      } else {
        tree.broken.append(word)
      }
    }
    tree.words.removeSubrange(kept...)
  }

  /// Where a byte stands twice in a word.
  private func pair(_ byte: UInt8, in word: Syntax.Word) -> Int? {
    word.bounds.dropLast().first { bytes[$0] == byte && bytes[$0 + 1] == byte }
  }

  /// No empty component, no `.`, no `..`.
  private func isPath(_ word: Syntax.Word) -> Bool {
    var start = Int(word.start)
    let end = Int(word.end)
    if start == end { return false }
    var i = start
    while true {
      if i == end || bytes[i] == Byte.slash {
        let length = i - start
        if length == 0 { return false }
        if bytes[start] == Byte.dot, length == 1 || (length == 2 && bytes[start + 1] == Byte.dot) { return false }
        if i == end { return true }
        start = i + 1
      }
      i += 1
    }
  }

  private mutating func check(_ word: Syntax.Word, isTarget: Bool) -> Bool {
    var percents = 0
    var hasGlob = false
    // Inside `[…]` of a glob `!` and `^` negate.
    for i in word.bounds {
      let byteClass = Byte.Class(rawValue: classes[Int(bytes[i])])
      if byteClass == .percent { percents += 1 }
      if byteClass == .glob { hasGlob = true }
      guard byteClass == .other else { continue }
      let isNegation =
        !isTarget && i > Int(word.start) && bytes[i - 1] == Byte.openBracket
        && (bytes[i] == UInt8(ascii: "!") || bytes[i] == UInt8(ascii: "^"))
      if isNegation { continue }
      var characterEnd = i + 1
      while characterEnd < Int(word.end), bytes[characterEnd] & 0xC0 == 0x80 { characterEnd += 1 }
      report(
        .invalidCharacter(source.text(i..<characterEnd), word: isTarget ? "a target" : "a dependency"),
        i..<characterEnd)
      return false
    }
    if isTarget, hasGlob {
      report(.globInTarget(text(word)), word.bounds)
      return false
    }
    if percents > 1 {
      report(.severalPercents(text(word)), word.bounds)
      return false
    }
    if !isPath(word) {
      report(.notAPath(text(word)), word.bounds)
      return false
    }
    return true
  }

  // MARK: Recipes

  /// The indented lines from here on, with blank lines and comments in the first column between them.
  private mutating func collectRecipe() -> Range<UInt32> {
    var first = line
    var last = line
    while line < source.lineCount {
      let bounds = source.line(line)
      if bounds.isEmpty || bytes[bounds.lowerBound] == Byte.hash {
        line += 1
        continue
      }
      guard Byte.isBlank(bytes[bounds.lowerBound]) else { break }
      if isBlankLine(line) {
        line += 1
        continue
      }
      if last == first { first = line }
      // A line that ends in `\` takes the next one along, whatever that is.
      while bytes[source.line(line).upperBound - 1] == Byte.backslash, line + 1 < source.lineCount {
        line += 1
        if source.line(line).isEmpty { break }
      }
      line += 1
      last = line
    }
    // Comments that stand before the next statement aren't part of it.
    line = max(last, line)
    return last == first ? UInt32(first)..<UInt32(first) : UInt32(first)..<UInt32(last)
  }
}

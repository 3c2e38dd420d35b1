/// Rules: their targets, dependencies, target-specific variables and the lines of their recipes.
extension Parser {
  mutating func parseRule(_ firstWord: Int, _ firstLine: Int, joined: UInt8) {
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

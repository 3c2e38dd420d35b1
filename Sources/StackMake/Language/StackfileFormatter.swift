/// Lays a Stackfile out in one style. Only blanks and ends of lines change: comments, names and scripts stay.
///
/// It works on the lines as they were written, with the parser's ranges to know what each is.
package struct StackfileFormatter {
  private let source: SourceFile
  private let tree: Syntax
  private var lines: [[UInt8]?]
  /// Lines of recipes, whose blank lines stay.
  private var isRecipe: [Bool]

  /// The bytes of `source` as they should be, or all that keeps it from being read.
  package static func format(_ source: SourceFile, number: UInt32) -> (bytes: [UInt8], diagnostics: [Diagnostic]) {
    let (tree, diagnostics) = Parser.parse(source, number: number)
    guard diagnostics.isEmpty else { return (source.bytes, diagnostics) }
    var formatter = StackfileFormatter(source, tree)
    formatter.layOutStatements()
    for rule in tree.rules { formatter.layOutRecipe(rule, number) }
    let bytes = formatter.joined()
    // A mistake here must never cost anyone a Stackfile.
    let isSame =
      marks(bytes) == marks(source.bytes)
      && meaning(of: SourceFile(path: source.path, bytes: bytes, origin: source.origin)) == meaning(of: source)
    return (isSame ? bytes : source.bytes, [])
  }

  private init(_ source: SourceFile, _ tree: Syntax) {
    self.source = source
    self.tree = tree
    lines = Array(repeating: nil, count: source.lineCount)
    isRecipe = Array(repeating: false, count: source.lineCount)
    for rule in tree.rules { for line in rule.recipe { isRecipe[Int(line)] = true } }
  }

  /// All bytes but blanks and ends of lines.
  private static func marks(_ bytes: [UInt8]) -> [UInt8] {
    bytes.filter { !Byte.isBlank($0) && $0 != Byte.newline && $0 != Byte.carriageReturn }
  }

  // MARK: Lines

  private func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> { source.bytes[range] }

  private func isBlank(_ line: Int) -> Bool { source.line(line).allSatisfy { Byte.isBlank(source.bytes[$0]) } }

  private func isContinued(_ line: Int) -> Bool {
    let range = source.line(line)
    return range.last.map { source.bytes[$0] == Byte.backslash && source.bytes[range.lowerBound] != Byte.hash } ?? false
  }

  /// Part of a statement or a script that goes over several lines with `\`.
  private func isJoined(_ line: Int) -> Bool { line > 0 && isContinued(line - 1) }

  /// Without blanks at the end, unless what is before them would then continue the line.
  private static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> [UInt8] {
    var result = Array(bytes)
    while let last = result.last, Byte.isBlank(last) { result.removeLast() }
    return result.last == Byte.backslash ? Array(bytes) : result
  }

  private func joined() -> [UInt8] {
    var result: [UInt8] = []
    var blankLines = 0
    for line in lines.indices {
      let isJoined = isJoined(line)
      if isBlank(line), !isJoined {
        if isRecipe[line] { result.append(Byte.newline) } else { blankLines += 1 }
        continue
      }
      if blankLines > 0, !result.isEmpty { result.append(Byte.newline) }
      blankLines = 0
      let written = bytes(source.line(line))
      result += lines[line] ?? (isJoined || isRecipe[line] ? Array(written) : Self.trimmed(written))
      result.append(Byte.newline)
    }
    return result
  }

  // MARK: Statements

  private mutating func layOutStatements() {
    for statement in tree.statements {
      switch statement {
      case .assignment(let number):
        let assignment = tree.assignments[Int(number)]
        layOut(assignment, from: assignment.name.bounds.lowerBound, prefix: [])
      case .targetVariable(let number):
        let variable = tree.targetVariables[Int(number)]
        let words = tree.words[Int(variable.targets.lowerBound)..<Int(variable.targets.upperBound)]
        guard let first = words.first else { continue }
        layOut(variable.assignment, from: first.bounds.lowerBound, prefix: list(words) + [Byte.colon, Byte.space])
      case .rule(let number):
        layOut(tree.rules[Int(number)])
      case .secret, .include, .pool: break
      }
    }
  }

  /// The line of a statement, if it has one of its own.
  private func onlyLine(at offset: Int) -> Int? {
    let line = source.lineNumber(at: offset)
    return isContinued(line) || isJoined(line) ? nil : line
  }

  private func list(_ words: ArraySlice<Syntax.Word>) -> [UInt8] {
    Array(words.map { bytes($0.bounds) }.joined(separator: [Byte.space]))
  }

  /// One blank after the operator, and at least one before it: more may line it up with its neighbours.
  private mutating func layOut(_ assignment: Syntax.Assignment, from start: Int, prefix: [UInt8]) {
    let (name, value) = (assignment.name.bounds, assignment.value.bounds)
    guard let line = onlyLine(at: start), !value.isEmpty else { return }
    let between = name.upperBound..<value.lowerBound
    guard let operatorStart = between.first(where: { !Byte.isBlank(source.bytes[$0]) }),
      let equals = between.first(where: { source.bytes[$0] == Byte.equals })
    else { return }
    let gap = bytes(name.upperBound..<operatorStart)
    var result = prefix + bytes(name)
    result += gap.isEmpty || gap.contains(Byte.tab) ? [Byte.space] : gap
    result += bytes(operatorStart..<equals).filter { !Byte.isBlank($0) }
    result += [Byte.equals, Byte.space] + bytes(value.lowerBound..<source.line(line).upperBound)
    lines[line] = Self.trimmed(result)
  }

  private mutating func layOut(_ rule: Syntax.Rule) {
    let line = Int(rule.line)
    guard !isContinued(line), !isJoined(line) else { return }
    let range = source.line(line)
    // Names hold no `#`.
    var commentStart = range.first { source.bytes[$0] == Byte.hash } ?? range.upperBound
    let head = range.lowerBound..<commentStart
    while commentStart > head.lowerBound, Byte.isBlank(source.bytes[commentStart - 1]) { commentStart -= 1 }
    var result = list(tree.words[rule.targets])
    result += rule.isAppending ? Array(" +:".utf8) : [Byte.colon]
    if rule.dependencyCount > 0 { result += [Byte.space] + list(tree.words[rule.dependencies]) }
    if head.contains(where: { source.bytes[$0] == Byte.bar }) { result += [Byte.space, Byte.bar] }
    if rule.orderOnlyCount > 0 { result += [Byte.space] + list(tree.words[rule.orderOnly]) }
    lines[line] = result + Self.trimmed(bytes(commentStart..<range.upperBound))
  }

  // MARK: Recipes

  private static let indentation = 4

  /// Steps begin in the fifth column, and what continues them stays as far to the right of them as it was.
  private mutating func layOutRecipe(_ rule: Syntax.Rule, _ number: UInt32) {
    guard let steps = RecipeParser.stepLines(source, number: number, lines: rule.recipe) else { return }
    for step in steps {
      let base = indentation(step.first).columns
      let common = step.more.filter { !$0.isJoined && !$0.isBlank }.map { indentation($0.line).columns }.min()
      let first = bytes(indentation(step.first).start..<source.line(step.first).upperBound)
      lines[step.first] = spaces(Self.indentation) + (step.more.isEmpty ? Self.trimmed(first) : Array(first))
      for line in step.more where !line.isBlank {
        lines[line.line] = moved(line.line, by: Self.indentation - base, common: common)
      }
    }
  }

  private func spaces(_ count: Int) -> [UInt8] { Array(repeating: Byte.space, count: max(count, 0)) }

  /// The columns of a line's indentation, and the offset after it.
  private func indentation(_ line: Int) -> (columns: Int, start: Int) {
    var columns = 0
    for at in source.line(line) {
      guard Byte.isBlank(source.bytes[at]) else { return (columns, at) }
      columns = source.bytes[at] == Byte.tab ? (columns / 8 + 1) * 8 : columns + 1
    }
    return (columns, source.line(line).upperBound)
  }

  /// What a script has after the indentation that its lines have in common stays byte for byte.
  private func moved(_ line: Int, by distance: Int, common: Int?) -> [UInt8] {
    let range = source.line(line)
    guard !range.isEmpty else { return [] }
    guard let common else {
      let (columns, start) = indentation(line)
      return spaces(columns + distance) + bytes(start..<range.upperBound)
    }
    var columns = 0
    var at = range.lowerBound
    while at < range.upperBound, columns < common, Byte.isBlank(source.bytes[at]) {
      columns = source.bytes[at] == Byte.tab ? (columns / 8 + 1) * 8 : columns + 1
      at += 1
    }
    return spaces(columns + distance) + bytes(at..<range.upperBound)
  }
}

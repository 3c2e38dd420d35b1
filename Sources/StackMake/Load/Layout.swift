/// Places that the block of the dialect (`layout:`) declares.
struct LayoutTable {
  var places: [Place] = []
  var numbers: [String: Int] = [:]
  /// The same for lookups by bytes.
  var names = NameTable()
  var ranges: [SourceRange] = []
  var groups: Set<String> = []
  /// Where the block is; nil where there is none.
  var range: SourceRange?
  /// Settings that the dialect's variant allows besides the dialect's own.
  var moreSettings: [String] = []
  /// A line of it was wrong, so that any name may have been declared there.
  var isIncomplete = false

  /// Numbers of the places that a name or a glob matches, in the order of the layout. nil where it matches none,
  /// unless it matches a group that has none (`count=0`).
  func places(matching glob: String) -> [Int]? {
    if let number = numbers[glob] { return [number] }
    let found = Glob.isGlob(glob.utf8) ? places.indices.filter { Glob.matches(glob, places[$0].name) } : []
    if !found.isEmpty { return found }
    return groups.contains { Glob.matches(glob, $0 + "-1") } ? [] : nil
  }
}

extension Loading {
  mutating func readLayout() {
    var declared: [Declared] = []
    for loaded in rules where loaded.isBlock {
      let tree = trees[Int(loaded.file)]
      let rule = tree.rules[Int(loaded.index)]
      layout.range = layout.range ?? tree.range(tree.words[Int(rule.firstWord)])
      declared += readBlock(sources[loaded.file], loaded.file, rule.recipe)
    }
    if layout.range == nil { return }
    for variant in dialect.variants where isActive(variant) { layout.moreSettings += variant.settings }
    let defaults = settingDefaults()
    for group in declared { declare(group, defaults) }
  }

  private struct Declared {
    var name: Range<Int>
    var words: [Range<Int>]
    var file: UInt32
  }

  /// Lines of the block; a deeper line gives more settings to the one above.
  private mutating func readBlock(_ source: SourceFile, _ file: UInt32, _ lines: Range<UInt32>) -> [Declared] {
    var result: [Declared] = []
    var scanner = WordScanner(source, number: file)
    var base: Int?
    var line = Int(lines.lowerBound)
    while line < Int(lines.upperBound) {
      let bounds = source.line(line)
      let first = bounds.first { !Byte.isBlank(source.bytes[$0]) }
      var end = bounds.upperBound
      // A `\` at the end takes the next line along.
      while end > bounds.lowerBound, source.bytes[end - 1] == Byte.backslash, line + 1 < Int(lines.upperBound) {
        line += 1
        end = max(source.line(line).upperBound, end)
        if source.line(line).isEmpty { break }
      }
      line += 1
      guard let first, source.bytes[first] != Byte.hash else { continue }
      let columns = source.bytes[bounds.lowerBound..<first].reduce(0) { $1 == Byte.tab ? ($0 / 8 + 1) * 8 : $0 + 1 }
      let words = scanner.words(first..<end, hasComments: true)
      if let base, columns > base, !result.isEmpty {
        result[result.count - 1].words += words
      } else if let name = words.first {
        base = base ?? columns
        result.append(Declared(name: name, words: Array(words.dropFirst()), file: file))
      }
    }
    for diagnostic in scanner.diagnostics { report(diagnostic) }
    if !scanner.diagnostics.isEmpty { layout.isIncomplete = true }
    return result
  }

  /// The value of a variable that is plain text; nil where it isn't, or isn't defined.
  private mutating func literal(ofGlobal name: String) -> String? {
    guard let number = variables.find(name), let range = variables[number].range else { return nil }
    var scope = Scope(.settled("the \(dialect.block)"))
    return value(ofGlobal: number, range, &scope)?.literal
  }

  private mutating func isActive(_ variant: Dialect.Variant) -> Bool {
    literal(ofGlobal: variant.variable) == variant.value
  }

  /// Values for settings that a line doesn't give, from the variables of their names.
  private mutating func settingDefaults() -> [String: String] {
    var result = dialect.settingDefaults.filter { isSetting($0.key) }
    for variant in dialect.variants where isActive(variant) {
      result.merge(variant.settingDefaults) { _, new in new }
    }
    for name in dialect.settings {
      guard let number = variables.find(name), let range = variables[number].range else { continue }
      var scope = Scope(.settled("the \(dialect.block)"))
      guard let value = value(ofGlobal: number, range, &scope) else { continue }
      if let literal = value.literal {
        result[name] = literal
      } else {
        report(.notPlain(what: "`\(name)`"), range)
      }
    }
    return result
  }

  private mutating func declare(_ declared: Declared, _ defaults: [String: String]) {
    let source = sources[declared.file]
    let range = SourceRange(file: declared.file, start: declared.name.lowerBound, end: declared.name.upperBound)
    let group = source.text(declared.name)
    guard Self.isHostName(group) else {
      layout.isIncomplete = true
      return report(.placeName(group), range)
    }
    layout.groups.insert(group)
    guard let (settings, count) = readSettings(declared, source) else {
      layout.isIncomplete = true
      return
    }
    let all = defaults.merging(settings) { $1 }
    let location = source.location(at: declared.name.lowerBound)
    let names = count.map { $0 == 0 ? [] : (1...$0).map { ("\(group)-\($0)", Optional($0)) } } ?? [(group, nil)]
    for (name, index) in names {
      if let known = layout.numbers[name] {
        return report(.duplicatePlace(name, other: layout.ranges[known]), range)
      }
      if layout.places.count == limits.places {
        layout.isIncomplete = true
        return report(.tooManyPlaces(limit: limits.places), range)
      }
      layout.numbers[name] = layout.places.count
      _ = layout.names.intern(name)
      layout.ranges.append(range)
      layout.places.append(Place(name: name, group: group, index: index, settings: all, location: location))
    }
  }

  /// Letters, digits and inner `-`, 63 at most.
  private static func isHostName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return bytes.count <= 63 && bytes.first != Byte.minus && bytes.last != Byte.minus
      && bytes.allSatisfy { Byte.isLetter($0) || Byte.isDigit($0) || $0 == Byte.minus }
  }

  /// Says so where another variant has that setting. The place is there all the same.
  private mutating func reportOtherVariant(_ key: String, _ range: SourceRange) -> Bool {
    guard let variant = dialect.variants.first(where: { $0.settings.contains(key) }) else { return false }
    report(.settingOfVariant(key, variable: variant.variable, value: variant.value), range)
    return true
  }

  /// `key=value` words; nil where one is wrong, which is reported.
  private mutating func readSettings(_ declared: Declared, _ source: SourceFile) -> ([String: String], Int?)? {
    var settings: [String: String] = [:]
    var count: Int?
    var isGood = true
    var seen: Set<String> = []
    for word in declared.words {
      let range = SourceRange(file: declared.file, start: word.lowerBound, end: word.upperBound)
      guard let equalsAt = word.first(where: { source.bytes[$0] == Byte.equals }), equalsAt > word.lowerBound else {
        report(.settingSyntax(source.text(word)), range)
        isGood = false
        continue
      }
      let key = source.text(word.lowerBound..<equalsAt)
      let keyRange = SourceRange(file: declared.file, start: word.lowerBound, end: equalsAt)
      let valueRange = SourceRange(file: declared.file, start: equalsAt + 1, end: word.upperBound)
      if key != "count", !isSetting(key), !layout.moreSettings.contains(key) {
        if !reportOtherVariant(key, keyRange) {
          let known = dialect.settings + layout.moreSettings + ["count"]
          report(.unknownSetting(key, near: nearest.near(key, among: known)), keyRange)
          isGood = false
        }
        continue
      }
      if !seen.insert(key).inserted {
        report(.duplicateSetting(key), keyRange)
        isGood = false
        continue
      }
      var scope = Scope(.settled("the \(dialect.block)"))
      let value = StepSyntax.Value(text: read(valueRange, .word), range: valueRange)
      guard let text = literal(value, "`\(key)`", &scope) else {
        isGood = false
        continue
      }
      if key == "count" {
        count = Numbers.integer(text)
        if count == nil || count! > limits.places {
          report(.count(text, limit: limits.places), text.isEmpty ? range : valueRange)
          isGood = false
        }
      } else if text.isEmpty {
        report(.emptyValue(key), range)
        isGood = false
      } else {
        settings[key] = text
      }
    }
    return isGood ? (settings, count) : nil
  }
}

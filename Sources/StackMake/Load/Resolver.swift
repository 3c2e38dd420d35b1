/// Values: texts with their `{{ }}` filled in.
extension Loading {
  // MARK: Texts

  /// The text with all that can be known filled in; nil where an error was reported.
  mutating func resolve(_ text: TemplateSyntax, _ scope: inout Scope) -> Template? {
    if let plain = text.plain { return Template(plain) }
    var result = TemplateBuilder()
    var isGood = true
    for part in text.parts {
      switch part {
      case .text(let text): result.append(text)
      case .hole(let hole):
        if let value = resolve(hole, &scope) { result.append(value) } else { isGood = false }
        if result.size > limits.text {
          report(.valueTooLong(limit: limits.text), hole.range)
          return nil
        }
      }
    }
    return isGood ? result.finish() : nil
  }

  /// The text where it must be known at load; nil where an error was reported.
  mutating func literal(_ value: StepSyntax.Value, _ what: String, _ scope: inout Scope) -> String? {
    guard let template = resolve(value.text, &scope) else { return nil }
    if let literal = template.literal { return literal }
    report(.notPlain(what: what), value.range)
    return nil
  }

  mutating func read(_ range: SourceRange, _ mode: TemplateReader.Mode) -> TemplateSyntax {
    var reader = TemplateReader(sources[range.file], number: range.file)
    reader.append(range.bounds, mode)
    let text = reader.finish()
    for diagnostic in reader.diagnostics { report(diagnostic) }
    return text
  }

  /// The text of a value; nil where it has an error, which was reported.
  private mutating func resolve(_ definition: VariableTable.Definition, _ scope: inout Scope) -> Template? {
    var reader = TemplateReader(sources[definition.value.file], number: definition.value.file)
    reader.append(definition.value.bounds, definition.mode)
    let text = reader.finish()
    for diagnostic in reader.diagnostics { report(diagnostic) }
    return reader.diagnostics.isEmpty ? resolve(text, &scope) : nil
  }

  // MARK: Holes

  private mutating func resolve(_ hole: TemplateSyntax.Hole, _ scope: inout Scope) -> Template? {
    let name = hole.words[0].text
    let words = Array(hole.words.dropFirst())
    switch name {
    case "target", "stem", "group", "index":
      guard take(words, 0...0, "no words", hole) else { return nil }
      return engineWord(name, hole, &scope)
    case "count":
      guard take(words, 1...1, "one name or glob of servers", hole) else { return nil }
      guard let places = places(words[0], name, hole, &scope) else { return nil }
      return Template(String(places.count))
    case "env":
      guard take(words, 1...1, "one name", hole) else { return nil }
      environmentUsed.insert(words[0].text)
      if let value = environment[words[0].text] { return Template(value) }
      report(.undefinedEnvironment(words[0].text), words[0].range)
      return nil
    default: break
    }
    if let function = dialect.functions[name] { return call(function, name, words, hole, &scope) }
    guard take(words, 0...0, "no words: it isn't a function", hole) else { return nil }
    return variable(name, hole.words[0].range, &scope)
  }

  mutating func take(
    _ words: [TemplateSyntax.Word], _ counts: ClosedRange<Int>, _ wanted: String, _ hole: TemplateSyntax.Hole
  ) -> Bool {
    if counts.contains(words.count) { return true }
    let name = hole.words[0].text
    if !isKnown(name) { return reportUnknown(name, hole.words[0].range) }
    report(.wordCount(name: name, wanted: wanted), words.dropFirst(counts.upperBound).first?.range ?? hole.range)
    return false
  }

  /// Words that mean something of their own in `{{ }}`: no variable can have their names.
  func isFunction(_ name: String) -> Bool {
    if ["target", "stem", "group", "index", "count", "env"].contains(name) { return true }
    guard let function = dialect.functions[name] else { return false }
    if case .setting = function { return false }
    return true
  }

  private func isKnown(_ name: String) -> Bool {
    isFunction(name) || dialect.functions[name] != nil || variables.find(name) != nil || secretRanges[name] != nil
      || specificNames.contains(name) || isSetting(name)
  }

  func isSetting(_ name: String) -> Bool {
    dialect.settings.contains(name) || dialect.settingPrefixes.contains { name.hasPrefix($0) && name != $0 }
  }

  private mutating func engineWord(_ name: String, _ hole: TemplateSyntax.Hole, _ scope: inout Scope) -> Template? {
    scope.dependsOnTarget = true
    switch scope.context {
    case .check: return Template("")
    case .settled(let context):
      report(.notHere(name: name, context: context), hole.words[0].range)
      return nil
    case .target: break
    }
    switch name {
    case "target": return Template(scope.target)
    case "stem":
      if let stem = scope.stem { return Template(stem) }
      report(.noStem(target: scope.target), hole.words[0].range)
      return nil
    default:
      guard let place = ownPlace(name, hole, scope) else { return nil }
      return Template(name == "group" ? layout.places[place].group : String(layout.places[place].index ?? 1))
    }
  }

  mutating func ownPlace(_ name: String, _ hole: TemplateSyntax.Hole, _ scope: Scope) -> Int? {
    if scope.place == nil { report(.noPlace(name: name, target: scope.target), hole.words[0].range) }
    return scope.place
  }

  // MARK: Variables

  /// The value of a variable, a secret or a setting.
  mutating func variable(_ name: String, _ range: SourceRange, _ scope: inout Scope) -> Template? {
    let global = variables.find(name)
    let isOverridden = variables.isOverridden(name)
    if specificNames.contains(name), !isOverridden {
      scope.dependsOnTarget = true
      if let value = specific(name, fallsBack: true, range, &scope) { return value.template }
      if case .check = scope.context, global == nil { return Template("") }
    }
    if isSetting(name) {
      switch scope.context {
      case .settled: break
      case .check:
        scope.dependsOnTarget = true
        if global == nil { return Template("") }
      case .target:
        scope.dependsOnTarget = true
        if let place = scope.place, let value = layout.places[place].settings[name] { return Template(value) }
      }
    }
    if let global { return value(ofGlobal: global, range, &scope) }
    if secretRanges[name] != nil { return Template([.secret(name)]) }
    if let value = dialect.settingDefaults[name] { return Template(value) }
    guard isSetting(name) else { return reportUnknown(name, range) }
    if case .target = scope.context, scope.place == nil {
      report(.noPlace(name: name, target: scope.target), range)
    } else {
      report(.unsetSetting(name), range)
    }
    return nil
  }

  @discardableResult
  private mutating func reportUnknown<T>(_ name: String, _ range: SourceRange) -> T? {
    reportUnknownName(name, range)
    return nil
  }

  private mutating func reportUnknown(_ name: String, _ range: SourceRange) -> Bool {
    reportUnknownName(name, range)
    return false
  }

  private mutating func reportUnknownName(_ name: String, _ range: SourceRange) {
    if isExcused(name) { return }
    let known =
      Array(variables.names) + secrets + specificNames + dialect.functions.keys + dialect.settings
      + ["target", "stem", "group", "index", "count", "env"]
    report(.unknownName(name, near: nearest.near(name, among: known)), range)
  }

  /// The value of a global variable; nil where an error was reported.
  mutating func value(ofGlobal number: Int, _ use: SourceRange?, _ scope: inout Scope) -> Template? {
    if case .resolved(let value) = variables[number].state { return value }
    if let known = scope.values[number] { return known }
    let variable = variables[number]
    if let literal = variable.literal, variable.definitions.isEmpty { return Template(literal) }
    guard enter(.global(variable.name), use, &scope) else { return nil }
    let dependedBefore = scope.dependsOnTarget
    scope.dependsOnTarget = false
    let value = joined(variable.definitions, &scope)
    scope.stack.removeLast()
    if scope.dependsOnTarget {
      scope.values[number] = .some(value)
    } else {
      variables[number].state = .resolved(value)
    }
    scope.dependsOnTarget = scope.dependsOnTarget || dependedBefore
    return value
  }

  /// Values one after another, a space between two.
  private mutating func joined(_ definitions: [VariableTable.Definition], _ scope: inout Scope) -> Template? {
    var result = TemplateBuilder()
    var isGood = true
    for (i, definition) in definitions.enumerated() {
      guard let value = resolve(definition, &scope) else {
        isGood = false
        continue
      }
      if i > 0, !result.isEmpty { result.append(" ") }
      result.append(value)
      if result.size > limits.text {
        report(.valueTooLong(limit: limits.text), definition.name)
        return nil
      }
    }
    return isGood ? result.finish() : nil
  }

  /// Notes that a variable's value is being made; false where that would never end, which is reported.
  private mutating func enter(_ frame: Scope.Frame, _ use: SourceRange?, _ scope: inout Scope) -> Bool {
    if let start = scope.stack.firstIndex(of: frame) {
      var names = scope.stack[start...].map(\.name)
      // Said once, from its first name on, wherever it was come upon.
      let first = names.firstIndex(of: names.min()!)!
      names = Array(names[first...] + names[..<first])
      let range = variables.find(names[0]).flatMap { variables[$0].range } ?? use
      report(.variableCycle(names + [names[0]]), frame == .specific(names[0]) ? use : range)
      return false
    }
    if scope.stack.count >= limits.depth {
      report(.variableTooDeep(limit: limits.depth), use)
      return false
    }
    scope.stack.append(frame)
    return true
  }

  /// The value that target-specific definitions give; nil where there is none.
  /// - Parameter fallsBack: whether a global variable of the name counts for what they leave open.
  mutating func specific(
    _ name: String, fallsBack: Bool, _ use: SourceRange?, _ scope: inout Scope
  ) -> (template: Template?, range: SourceRange)? {
    let own = scope.specifics.filter { $0.name == name }
    guard let any = own.first else { return nil }
    let hasGlobal = fallsBack && variables.find(name) != nil
    var chosen: [Scope.Specific] = []
    for operation in [Syntax.Operator.set, .suggest] where chosen.isEmpty {
      if operation == .suggest, hasGlobal { break }
      // Of equals the last one said, but the first suggestion.
      for candidate in own where candidate.operation == operation {
        guard let best = chosen.first else {
          chosen = [candidate]
          continue
        }
        let isBetter = operation == .set ? !(candidate.rank < best.rank) : best.rank < candidate.rank
        if isBetter { chosen = [candidate] }
      }
    }
    let isBasedOnGlobal = chosen.isEmpty && hasGlobal
    chosen += own.filter { $0.operation == .append }
    if chosen.isEmpty { return nil }
    guard enter(.specific(name), use ?? any.definition.name, &scope) else { return (nil, any.definition.name) }
    defer { scope.stack.removeLast() }
    var result = TemplateBuilder()
    var isGood = true
    if isBasedOnGlobal, let global = variables.find(name) {
      if let value = value(ofGlobal: global, use, &scope) { result.append(value) } else { isGood = false }
    }
    let stem = scope.stem
    for item in chosen {
      scope.stem = item.stem
      guard let value = resolve(item.definition, &scope) else {
        isGood = false
        continue
      }
      if !result.isEmpty { result.append(" ") }
      result.append(value)
    }
    scope.stem = stem
    if result.size > limits.text {
      report(.valueTooLong(limit: limits.text), chosen[0].definition.name)
      isGood = false
    }
    return (isGood ? result.finish() : nil, chosen[0].definition.value)
  }
}

/// Functions of the dialect in `{{ }}`: what servers and other targets give.
extension Loading {
  mutating func call(
    _ function: Dialect.Function, _ name: String, _ words: [TemplateSyntax.Word], _ hole: TemplateSyntax.Hole,
    _ scope: inout Scope
  ) -> Template? {
    switch function {
    case .setting(let key):
      guard take(words, 0...0, "no words", hole) else { return nil }
      return variable(key, hole.words[0].range, &scope)
    case .placeName:
      guard take(words, 0...0, "no words", hole) else { return nil }
      return ownPlaceName(name, hole, &scope).map { Template($0) }
    case .placeNames:
      guard take(words, 1...1, "one name or glob of servers", hole) else { return nil }
      return places(words[0], name, hole, &scope).map { places in
        Template(places.map { layout.places[$0].name }.joined(separator: " "))
      }
    case .output(let prefix, let key):
      guard take(words, 0...1, "one server at most", hole) else { return nil }
      guard let word = words.first else {
        return ownPlaceName(name, hole, &scope).map { $0.isEmpty ? Template("") : outputs([$0], prefix, key, " ") }
      }
      if case .settled(let context) = scope.context {
        report(.notHere(name: name, context: context), hole.words[0].range)
        return nil
      }
      guard layout.numbers[word.text] != nil else { return reportUnknownPlace(word) }
      return outputs([word.text], prefix, key, " ")
    case .shared(let target, let key):
      guard take(words, 0...1, "one server at most", hole) else { return nil }
      return shared(target, key, name, words.first, hole, &scope)
    case .result:
      guard take(words, 1...1, "one target", hole) else { return nil }
      return result(of: words[0], name, hole, &scope)
    case .outputs(let prefix, let key):
      guard take(words, 1...1, "one name or glob of servers", hole) else { return nil }
      return places(words[0], name, hole, &scope).map { places in
        outputs(places.map { layout.places[$0].name }, prefix, key, " ")
      }
    case .joinedOutputs(let prefix, let key):
      guard take(words, 2...2, "a separator and a glob of servers", hole) else { return nil }
      return places(words[1], name, hole, &scope).map { places in
        outputs(places.map { layout.places[$0].name }, prefix, key, words[0].text)
      }
    }
  }

  private mutating func shared(
    _ target: String, _ key: String, _ name: String, _ word: TemplateSyntax.Word?, _ hole: TemplateSyntax.Hole,
    _ scope: inout Scope
  ) -> Template? {
    let place: String
    if let word {
      if case .settled(let context) = scope.context {
        report(.notHere(name: name, context: context), hole.words[0].range)
        return nil
      }
      guard layout.numbers[word.text] != nil else { return reportUnknownPlace(word) }
      place = word.text
    } else {
      guard let own = ownPlaceName(name, hole, &scope) else { return nil }
      if own.isEmpty { return Template("") }
      place = own
    }
    guard let found = targets.names.find(target) else {
      if !isExcused(target) { report(.needsTarget(name: name, target: target), hole.words[0].range) }
      return nil
    }
    return Template([.output(target: TargetID(found), key: "\(key) \(place)")])
  }

  private mutating func result(
    of word: TemplateSyntax.Word, _ name: String, _ hole: TemplateSyntax.Hole, _ scope: inout Scope
  ) -> Template? {
    if case .settled(let context) = scope.context {
      report(.notHere(name: name, context: context), hole.words[0].range)
      return nil
    }
    guard let found = targets.names.find(word.text) else {
      if !isExcused(word.text), !layout.isIncomplete {
        report(.unknownTarget(word.text, near: nearTargets(word.text)), word.range)
      }
      return nil
    }
    givers.insert(found)
    return Template([.output(target: TargetID(found), key: Graph.resultKey)])
  }

  mutating func ownPlaceName(_ name: String, _ hole: TemplateSyntax.Hole, _ scope: inout Scope) -> String? {
    scope.dependsOnTarget = true
    switch scope.context {
    case .check: return ""
    case .settled(let context):
      report(.notHere(name: name, context: context), hole.words[0].range)
      return nil
    case .target: return ownPlace(name, hole, scope).map { layout.places[$0].name }
    }
  }

  mutating func places(
    _ word: TemplateSyntax.Word, _ name: String, _ hole: TemplateSyntax.Hole, _ scope: inout Scope
  ) -> [Int]? {
    if case .settled(let context) = scope.context {
      report(.notHere(name: name, context: context), hole.words[0].range)
      return nil
    }
    if let found = layout.places(matching: word.text) { return found }
    return reportUnknownPlace(word)
  }

  private mutating func reportUnknownPlace<T>(_ word: TemplateSyntax.Word) -> T? {
    reportUnknownPlace(word.text, word.range)
    return nil
  }

  mutating func reportUnknownPlace(_ name: String, _ range: SourceRange) {
    if isExcused(name) || layout.isIncomplete { return }
    report(.unknownPlace(name, near: nearest.near(name, among: layout.places.lazy.map(\.name))), range)
  }

  private func outputs(_ places: [String], _ prefix: String, _ key: String, _ separator: String) -> Template {
    var result = TemplateBuilder()
    for (i, place) in places.enumerated() {
      if i > 0 { result.append(separator) }
      // A dialect whose outputs are of targets that don't exist gives the text nothing.
      guard let target = targets.names.find(prefix + place) else { continue }
      result.append(Template([.output(target: TargetID(target), key: key)]))
    }
    return result.finish()
  }
}

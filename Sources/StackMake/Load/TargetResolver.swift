/// Each target with its recipe, its options and what they bring along.
extension Loading {
  /// A rule whose recipe is part of a target's, with what its pattern matched.
  struct Part {
    var rule: Int
    var stem: String?
  }

  /// Recipes that don't differ between targets.
  struct SharedRecipes {
    struct Key: Hashable {
      var rule: Int
      var isOnceKind: Bool
      var places: [PlaceID]?
    }

    var recipes: [Key: (number: UInt32, edges: [TargetID])] = [:]
    /// Steps of rules with more than one target.
    var syntax: [Int: [StepSyntax]] = [:]
    /// Rules whose recipes were resolved for a target.
    var used: [Bool] = []
  }

  mutating func resolveTargets() {
    shared.used = Array(repeating: false, count: rules.count)
    placeTargets = layout.places.map { targets.names.find(dialect.placePrefix + $0.name) }
    for target in 0..<targets.names.count { resolve(target) }
    for number in rules.indices where !shared.used[number] && !rules[number].isBlock { check(rule: number) }
  }

  private mutating func resolve(_ target: Int) {
    let link = targets.links[Int(targets.firstLink[target])]
    let matches = targets.patterns.isEmpty ? [] : matchPatterns(target)
    let isSimple =
      matches.isEmpty && link.next == 0 && targets.variables[target] == nil && targets.appending[target] == nil
    if isSimple {
      // Most targets of a large Stackfile have one rule, and often no recipe.
      guard targets.firstLink[target] != 0, hasRecipe(Int(link.rule)) else { return finish(target, nil, []) }
      var scope = Scope(.target)
      scope.place = places[target]
      return resolveRecipe(target, [Part(rule: Int(link.rule), stem: nil)], &scope, on: nil)
    }
    var scope = Scope(.target)
    scope.target = targets.names[target]
    scope.place = places[target]
    for match in matches {
      if case .rule(let rule) = match.pattern.owner { connect(target, pattern: rule, stem: match.stem) }
    }
    scope.specifics = specifics(target, matches)
    let on = scope.specifics.isEmpty ? nil : resolveOptions(target, &scope)
    if scope.target == dialect.described { describe(target, &scope) }
    var appended: [Part] = []
    for rule in targets.appending[target] ?? [] where hasRecipe(rule) { appended.append(Part(rule: rule, stem: nil)) }
    for match in matches {
      guard case .rule(let rule) = match.pattern.owner, isAppending(rule), hasRecipe(rule) else { continue }
      appended.append(Part(rule: rule, stem: match.stem))
    }
    appended.sort { $0.rule < $1.rule }
    let parts = (winner(target, matches).map { [$0] } ?? []) + appended
    parts.isEmpty ? finish(target, on, []) : resolveRecipe(target, parts, &scope, on: on)
  }

  private func syntax(_ rule: Int) -> Syntax.Rule { trees[Int(rules[rule].file)].rules[Int(rules[rule].index)] }
  private func hasRecipe(_ rule: Int) -> Bool { !rules[rule].isBlock && !syntax(rule).recipe.isEmpty }
  private func isAppending(_ rule: Int) -> Bool { syntax(rule).isAppending }

  // MARK: Patterns

  struct Match {
    var pattern: TargetTable.Pattern
    var stem: String
  }

  private func matchPatterns(_ target: Int) -> [Match] {
    targets.names.withBytes(target) { name in
      targets.patterns.compactMap { pattern in
        pattern.stem(name).map { stem in
          Match(pattern: pattern, stem: String(decoding: UnsafeBufferPointer(rebasing: name[stem]), as: UTF8.self))
        }
      }
    }
  }

  /// The rule whose recipe counts. Two of the same rank are an error.
  private mutating func winner(_ target: Int, _ matches: [Match]) -> Part? {
    typealias Candidate = (part: Part, rank: Scope.Rank, range: SourceRange)
    var best: Candidate?
    var rival: Candidate?
    func consider(_ candidate: Candidate) {
      guard let current = best else { return best = candidate }
      if current.rank < candidate.rank {
        (best, rival) = (candidate, nil)
      } else if !(candidate.rank < current.rank), candidate.part.rule != current.part.rule {
        rival = rival ?? candidate
      }
    }
    for link in targets.explicitRules(of: target) where hasRecipe(Int(link.rule)) {
      let loaded = rules[Int(link.rule)]
      let tree = trees[Int(loaded.file)]
      consider(
        (
          Part(rule: Int(link.rule), stem: nil), Scope.Rank(stemLength: 0, isPack: loaded.isPack),
          tree.range(tree.words[Int(link.word)])
        ))
    }
    for match in matches {
      guard case .rule(let rule) = match.pattern.owner, hasRecipe(rule), !isAppending(rule) else { continue }
      let rank = Scope.Rank(stemLength: match.stem.utf8.count, isPack: rules[rule].isPack)
      consider((Part(rule: rule, stem: match.stem), rank, match.pattern.range))
    }
    if let best, let rival {
      report(.duplicateRecipe(target: targets.names[target], other: best.range), rival.range)
    }
    return best?.part
  }

  // MARK: Options

  private mutating func specifics(_ target: Int, _ matches: [Match]) -> [Scope.Specific] {
    var found: [(number: Int, stem: String?)] = (targets.variables[target] ?? []).map { ($0, nil) }
    for match in matches {
      if case .variable(let number) = match.pattern.owner { found.append((number, match.stem)) }
    }
    return found.sorted { $0.number < $1.number }.map { number, stem in
      let loaded = targetVariables[number]
      let tree = trees[Int(loaded.file)]
      let assignment = tree.targetVariables[Int(loaded.index)].assignment
      return Scope.Specific(
        name: sources.text(tree.range(assignment.name)), operation: assignment.operation,
        definition: VariableTable.Definition(
          name: tree.range(assignment.name), value: tree.range(assignment.value), mode: .value),
        stem: stem, rank: Scope.Rank(stemLength: stem?.utf8.count ?? 0, isPack: loaded.isPack))
    }
  }

  /// Keeps the values of all variables of a target, in the order in which they are first said.
  private mutating func describe(_ target: Int, _ scope: inout Scope) {
    var names: [String] = []
    for specific in scope.specifics where !names.contains(specific.name) { names.append(specific.name) }
    for name in names {
      guard case (let template?, _)? = specific(name, fallsBack: true, nil, &scope) else { continue }
      builder.description.append((name, template))
      finish(target, nil, template.targets)
    }
  }

  /// A target-specific variable that the engine itself knows.
  private mutating func option(_ name: String, _ scope: inout Scope) -> (text: String, range: SourceRange)? {
    guard let (template, range) = specific(name, fallsBack: false, nil, &scope), let template else { return nil }
    if let text = template.literal { return (text, range) }
    report(.notPlain(what: "`\(name)`"), range)
    return nil
  }

  /// Sets the options of a target; gives the places that `on` says.
  private mutating func resolveOptions(_ target: Int, _ scope: inout Scope) -> [PlaceID]? {
    let on = resolveOn(target, &scope)
    var options = TargetOptions.standard
    if let (text, range) = option("timeout", &scope) {
      options.timeout = Numbers.duration(text)
      if options.timeout == nil { report(.duration(option: "timeout", value: text), range) }
    }
    if let (text, range) = option("retries", &scope) {
      if let retries = Numbers.integer(text), retries <= 10_000 {
        options.retries = retries
      } else {
        report(.number(option: "retries", value: text, limit: 10_000), range)
      }
    }
    if let (text, range) = option("pool", &scope) {
      options.pool = text
      if pools[text] == nil, !isExcused(text) {
        report(.undefinedPool(text, near: nearest.near(text, among: pools.keys.sorted())), range)
      }
    }
    if let (text, range) = option("user", &scope) {
      options.user = text
      if text.isEmpty { report(.emptyValue("user"), range) }
    }
    builder.set(options: options, of: TargetID(target))
    return on
  }

  /// One place becomes the target's own; several are where its steps run.
  private mutating func resolveOn(_ target: Int, _ scope: inout Scope) -> [PlaceID]? {
    guard let (text, range) = option("on", &scope) else { return nil }
    if let place = scope.place {
      let isExplicit = scope.specifics.contains { $0.name == "on" && $0.stem == nil }
      if isExplicit { report(.placeByName(target: scope.target, place: layout.places[place].name), range) }
      return nil
    }
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
    if words.isEmpty {
      report(.emptyValue("on"), range)
      return nil
    }
    var found: Set<Int> = []
    for word in words {
      if let places = layout.places(matching: String(word)) {
        found.formUnion(places)
      } else {
        reportUnknownPlace(String(word), range)
      }
    }
    if found.count == 1, let place = found.first {
      scope.place = place
      places[target] = place
      builder.set(place: PlaceID(place), of: TargetID(target))
      return nil
    }
    return found.sorted().map { PlaceID($0) }
  }

  // MARK: Recipes

  private mutating func steps(of rule: Int) -> [StepSyntax] {
    let isShared = isShareable(rule)
    if isShared, let known = shared.syntax[rule] { return known }
    let loaded = rules[rule]
    let (steps, found) = RecipeParser.parse(sources[loaded.file], number: loaded.file, lines: syntax(rule).recipe)
    for diagnostic in found { report(diagnostic) }
    shared.used[rule] = true
    if isShared { shared.syntax[rule] = steps }
    return steps
  }

  private func isShareable(_ rule: Int) -> Bool {
    let syntax = syntax(rule)
    return syntax.targetCount > 1
      || targets.patterns.contains { if case .rule(rule) = $0.owner { true } else { false } }
  }

  private mutating func resolveRecipe(_ target: Int, _ parts: [Part], _ scope: inout Scope, on: [PlaceID]?) {
    let key =
      parts.count == 1 && isShareable(parts[0].rule)
      ? SharedRecipes.Key(rule: parts[0].rule, isOnceKind: isOnceKind[target], places: on) : nil
    if let key, let known = shared.recipes[key] {
      builder.set(recipe: known.number, of: TargetID(target))
      return finish(target, on, known.edges)
    }
    var resolver = RecipeResolution(on: on)
    for part in parts {
      let syntax = steps(of: part.rule)
      if scope.target.isEmpty, syntax.contains(where: { !$0.isPlainScript }) { scope.target = targets.names[target] }
      scope.stem = part.stem
      for step in syntax { resolve(step, rule: part.rule, &scope, &resolver) }
    }
    let number = builder.add(recipe: resolver.finish(isOnceKind: isOnceKind[target]))
    builder.set(recipe: number, of: TargetID(target))
    let edges = resolver.edges
    if let key, !scope.dependsOnTarget { shared.recipes[key] = (number, edges) }
    finish(target, on, edges)
  }

  /// Edges that a target's recipe and its places bring along.
  private mutating func finish(_ target: Int, _ on: [PlaceID]?, _ edges: [TargetID]) {
    // A target's own outputs in its recipe come of building it: no edge to itself.
    for edge in edges where edge != TargetID(target) {
      // Of another target than a place's a value is used, which the manifest has.
      let isPlace = targets.names[Int(edge.index)].hasPrefix(dialect.placePrefix)
      builder.addEdge(from: TargetID(target), to: edge, orderOnly: !isPlace)
    }
    if placeTargets.isEmpty { return }
    for place in on ?? [] { connect(target, place: Int(place.index)) }
    if let place = places[target] { connect(target, place: place) }
  }

  private mutating func connect(_ target: Int, place: Int) {
    guard let dependency = placeTargets[place], dependency != target else { return }
    builder.addEdge(from: TargetID(target), to: TargetID(dependency))
  }

  /// Finds the errors of a recipe that no target has.
  private mutating func check(rule number: Int) {
    guard hasRecipe(number) else { return }
    var scope = Scope(.check)
    var resolution = RecipeResolution(on: nil)
    for step in steps(of: number) { resolve(step, rule: number, &scope, &resolution) }
  }
}

/// Dependencies that rules and the dialect say.
extension Loading {
  mutating func connectTargets() {
    for number in rules.indices { connect(rule: number) }
    connectImplied()
  }

  /// Dependencies of a rule for its explicit targets; those of patterns come with each target.
  private mutating func connect(rule number: Int) {
    let loaded = rules[number]
    let rule = trees[Int(loaded.file)].rules[Int(loaded.index)]
    if rule.dependencyCount == 0, rule.orderOnlyCount == 0 { return }
    let bytes = sources[loaded.file].bytes
    let only = targets.only[number]
    if only != .max {
      return connect([Int(only)], to: rule, loaded.file, bytes, hasPattern: false)
    }
    var explicit: [Int] = []
    var hasPattern = false
    for at in rule.targets {
      let word = trees[Int(loaded.file)].words[at]
      if bytes[word.bounds].contains(Byte.percent) {
        hasPattern = true
      } else if let target = targets.names.find(sources[loaded.file].text(word.bounds)) {
        explicit.append(target)
      }
    }
    connect(explicit, to: rule, loaded.file, bytes, hasPattern: hasPattern)
  }

  private mutating func connect(
    _ explicit: [Int], to rule: Syntax.Rule, _ file: UInt32, _ bytes: [UInt8], hasPattern: Bool
  ) {
    bytes.withUnsafeBufferPointer { bytes in
      for at in rule.dependencies.lowerBound..<rule.orderOnly.upperBound {
        let word = trees[Int(file)].words[at]
        let name = UnsafeBufferPointer(rebasing: bytes[word.bounds])
        let isOrderOnly = at >= rule.orderOnly.lowerBound
        if let found = targets.names.find(name) {
          for target in explicit {
            builder.addEdge(from: TargetID(target), to: TargetID(found), orderOnly: isOrderOnly)
          }
        } else if let first = explicit.first {
          // With `%` it is for the rule's patterns.
          if hasPattern, name.contains(Byte.percent) { continue }
          connect(explicit, targets.names[first], word, file, isOrderOnly)
        }
      }
    }
  }

  /// The ways in which a dependency isn't just a known name.
  private mutating func connect(
    _ owners: [Int], _ shown: String, _ word: Syntax.Word, _ file: UInt32, _ isOrderOnly: Bool
  ) {
    let range = SourceRange(file: file, start: Int(word.start), end: Int(word.end))
    let name = sources.text(range)
    if name.utf8.contains(Byte.percent) { return report(.percentWithoutPattern(name), range) }
    for dependency in dependencies(name, of: shown, range) {
      for owner in owners where owner != dependency || !Glob.isGlob(name.utf8) {
        builder.addEdge(from: TargetID(owner), to: TargetID(dependency), orderOnly: isOrderOnly)
      }
    }
  }

  /// Targets that a name or a glob stands for; none where that is an error, which is reported.
  private mutating func dependencies(_ name: String, of target: String, _ range: SourceRange) -> [Int] {
    if let found = targets.names.find(name) { return [found] }
    if Glob.isGlob(name.utf8) {
      let found = matching(name)
      if found.isEmpty, !isExcused(name), !layout.isIncomplete {
        report(.matchesNothing(name, near: nearTargets(name)), range)
      }
      return found
    }
    if !isExcused(name), !isExcused(Paths.lastComponent(name)), !layout.isIncomplete {
      report(.unknownDependency(target: target, name: name, near: nearTargets(name)), range)
    }
    return []
  }

  private func matching(_ glob: String) -> [Int] {
    var glob = glob
    return glob.withUTF8 { glob in
      (0..<targets.names.count).filter { number in
        !isApart[number] && targets.names.withBytes(number) { Glob.matches(glob, $0) }
      }
    }
  }

  /// Dependencies of a pattern's rule for one target. That a pattern matches its own dependency says nothing:
  /// `server/%: server/first` is for all others.
  mutating func connect(_ target: Int, pattern rule: Int, stem: String) {
    let loaded = rules[rule]
    let tree = trees[Int(loaded.file)]
    let syntax = tree.rules[Int(loaded.index)]
    for at in syntax.dependencies.lowerBound..<syntax.orderOnly.upperBound {
      let range = tree.range(tree.words[at])
      let written = sources.text(range)
      let name = Self.filled(written, stem)
      for dependency in dependencies(name, of: targets.names[target], range) where dependency != target {
        builder.addEdge(
          from: TargetID(target), to: TargetID(dependency), orderOnly: at >= syntax.orderOnly.lowerBound)
      }
    }
  }

  private mutating func connectImplied() {
    for implied in dialect.implied {
      if implied.target.utf8.contains(Byte.percent) {
        for place in layout.places { connect(implied, Self.filled(implied.target, place.name), place.name) }
      } else {
        connect(implied, implied.target, "")
      }
    }
  }

  private mutating func connect(_ implied: Dialect.Implied, _ name: String, _ stem: String) {
    guard let target = targets.names.find(name) else { return }
    for (names, isOrderOnly) in [(implied.dependencies, false), (implied.orderOnly, true)] {
      for written in names {
        let name = Self.filled(written, stem)
        let found = Glob.isGlob(name.utf8) ? matching(name) : targets.names.find(name).map { [$0] } ?? []
        for dependency in found where dependency != target {
          builder.addEdge(from: TargetID(target), to: TargetID(dependency), orderOnly: isOrderOnly)
        }
      }
    }
  }
}

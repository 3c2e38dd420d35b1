/// Which targets there are.
extension Loading {
  mutating func declareTargets() {
    targets.names = NameTable(capacity: rules.count + layout.places.count)
    targets.links.reserveCapacity(rules.count + 1)
    targets.only = Array(repeating: .max, count: rules.count)
    declareExplicit()
    declareImplied()
    declareFromPatterns()
    attachVariables()
    makeKinds()
  }

  private mutating func declareExplicit() {
    for number in rules.indices {
      let loaded = rules[number]
      let rule = trees[Int(loaded.file)].rules[Int(loaded.index)]
      let file = sources[loaded.file]
      file.bytes.withUnsafeBufferPointer { bytes in
        for at in rule.targets {
          let word = trees[Int(loaded.file)].words[at]
          let name = UnsafeBufferPointer(rebasing: bytes[word.bounds])
          let range = SourceRange(file: loaded.file, start: Int(word.start), end: Int(word.end))
          if let percent = name.firstIndex(of: Byte.percent) {
            addPattern(name, percent, .rule(number), range)
          } else if !rule.isAppending || loaded.isBlock {
            let target = targets.add(name, range)
            if rule.targetCount == 1 { targets.only[number] = UInt32(target) }
            targets.links.append(
              TargetTable.Link(rule: UInt32(number), word: UInt32(at), next: targets.firstLink[target]))
            targets.firstLink[target] = UInt32(targets.links.count - 1)
          }
        }
      }
    }
    targets.declaresAll = targets.names.find("all") != nil
  }

  private mutating func addPattern(
    _ name: UnsafeBufferPointer<UInt8>, _ percent: Int, _ owner: TargetTable.Pattern.Owner, _ range: SourceRange
  ) {
    targets.patterns.append(
      TargetTable.Pattern(
        prefix: Array(name[..<percent]), suffix: Array(name[(percent + 1)...]), owner: owner, range: range))
  }

  private mutating func declareImplied() {
    guard let block = layout.range else { return }
    for implied in dialect.implied where !implied.onlyIfDeclared {
      if implied.target.utf8.contains(Byte.percent) {
        for (place, range) in zip(layout.places, layout.ranges) {
          _ = targets.add(Self.filled(implied.target, place.name), range)
        }
      } else {
        _ = targets.add(implied.target, block)
      }
    }
  }

  static func filled(_ pattern: String, _ stem: String) -> String {
    guard let percent = pattern.utf8.firstIndex(of: Byte.percent) else { return pattern }
    return String(pattern[..<percent]) + stem + String(pattern[pattern.index(after: percent)...])
  }

  /// `PREFIX/%` makes `PREFIX/X` for each place X that it matches.
  private mutating func declareFromPatterns() {
    for pattern in targets.patterns {
      guard case .rule(let number) = pattern.owner, let slash = pattern.prefix.lastIndex(of: Byte.slash),
        !pattern.suffix.contains(Byte.slash)
      else { continue }
      let loaded = rules[number]
      if trees[Int(loaded.file)].rules[Int(loaded.index)].isAppending { continue }
      var name = Array(pattern.prefix[...slash])
      let directory = name.count
      for place in layout.places.indices {
        layout.names.withBytes(place) { name.append(contentsOf: $0) }
        name.withUnsafeBufferPointer { bytes in
          if pattern.stem(bytes) != nil { _ = targets.add(bytes, pattern.range) }
        }
        name.removeSubrange(directory...)
      }
      for name in asked.sorted() where targets.names.find(name) == nil {
        var name = name
        name.withUTF8 { bytes in
          if pattern.stem(bytes) != nil { _ = targets.add(bytes, pattern.range) }
        }
      }
    }
  }

  private mutating func attachVariables() {
    for number in targetVariables.indices {
      let loaded = targetVariables[number]
      let tree = trees[Int(loaded.file)]
      let file = sources[loaded.file]
      let words = tree.targetVariables[Int(loaded.index)].targets
      file.bytes.withUnsafeBufferPointer { bytes in
        for at in words {
          let word = tree.words[Int(at)]
          let name = UnsafeBufferPointer(rebasing: bytes[word.bounds])
          if let percent = name.firstIndex(of: Byte.percent) {
            addPattern(name, percent, .variable(number), tree.range(word))
          } else if let target = targets.names.find(name) {
            targets.variables[target, default: []].append(number)
          } else {
            reportUnknownTarget(String(decoding: name, as: UTF8.self), tree.range(word))
          }
        }
      }
    }
    for number in rules.indices where !rules[number].isBlock {
      let loaded = rules[number]
      let rule = trees[Int(loaded.file)].rules[Int(loaded.index)]
      guard rule.isAppending else { continue }
      let tree = trees[Int(loaded.file)]
      for at in rule.targets {
        let range = tree.range(tree.words[at])
        let name = sources.text(range)
        if name.utf8.contains(Byte.percent) { continue }
        if let target = targets.names.find(name) {
          targets.appending[target, default: []].append(number)
        } else {
          reportUnknownTarget(name, range)
        }
      }
    }
  }

  mutating func reportUnknownTarget(_ name: String, _ range: SourceRange) {
    if isExcused(name) { return }
    report(.unknownTarget(name, near: nearTargets(name)), range)
  }

  mutating func nearTargets(_ name: String) -> [String] {
    let names = targets.names
    return nearest.near(name, among: (0..<names.count).lazy.map { names[$0] })
  }

  /// Puts all targets into the builder, each with its kind and its place.
  private mutating func makeKinds() {
    // `task` is number 0; names of kinds follow, then prefixes.
    var whole = NameTable()
    var prefixes = NameTable()
    for name in dialect.kindNames.sorted() { _ = whole.intern(name) }
    for name in dialect.kindPrefixes.sorted() { _ = prefixes.intern(name) }
    var kinds = ["task"] + (0..<whole.count).map { whole[$0] }
    let prefixKinds = (0..<prefixes.count).map { number in
      kinds.firstIndex(of: prefixes[number]) ?? (kinds.append(prefixes[number]), kinds.count - 1).1
    }
    let count = targets.names.count
    var kindOf = [UInt16](repeating: 0, count: count)
    var locations: [SourceLocation] = []
    locations.reserveCapacity(count)
    places = Array(repeating: nil, count: count)
    for number in 0..<count {
      var isUnknown = false
      targets.names.withBytes(number) { name in
        let first = name.firstIndex(of: Byte.slash)
        if first == nil, let known = whole.find(name) {
          kindOf[number] = UInt16(known + 1)
          return
        }
        if !layout.places.isEmpty {
          let start = name.lastIndex(of: Byte.slash).map { $0 + 1 } ?? 0
          places[number] = layout.names.find(UnsafeBufferPointer(rebasing: name[start...]))
        }
        guard let first, let known = prefixes.find(UnsafeBufferPointer(rebasing: name[..<first])) else { return }
        isUnknown = layout.names.find(UnsafeBufferPointer(rebasing: name[(first + 1)...])) == nil
        if isUnknown, asked.contains(String(decoding: name, as: UTF8.self)) { isUnknown = false }
        if !isUnknown { kindOf[number] = UInt16(prefixKinds[known]) }
      }
      if isUnknown { reportUnknownPlace(ofTarget: number) }
      locations.append(location(of: number))
    }
    isOnceKind = kindOf.map { dialect.onceKinds.contains(kinds[Int($0)]) }
    isApart = kindOf.map { dialect.apartKinds.contains(kinds[Int($0)]) }
    builder = GraphBuilder(
      names: targets.names, kinds: kinds, kindOf: kindOf, placeOf: places.map { $0.map { PlaceID($0) } },
      locations: locations)
    builder.declaresAll = targets.declaresAll
  }

  /// `server/web`, where the layout has no `web`.
  private mutating func reportUnknownPlace(ofTarget number: Int) {
    let name = targets.names[number]
    let slash = name.firstIndex(of: "/")!
    let place = String(name[name.index(after: slash)...])
    if isExcused(place) || layout.isIncomplete { return }
    let near = nearest.near(place, among: layout.places.lazy.map(\.name)).map { String(name[...slash]) + $0 }
    report(
      .unknownPlaceTarget(target: name, block: dialect.block, place: place, near: near), targets.ranges[number])
  }

  /// Rules know their lines: no search is needed for most.
  private func location(of target: Int) -> SourceLocation {
    let range = targets.ranges[target]
    let link = targets.firstLink[target]
    guard link != 0 else { return sources.location(range) }
    // Only the first mention is where the target is declared; with one there is no other.
    let only = targets.links[Int(link)]
    guard only.next == 0 else { return sources.location(range) }
    let loaded = rules[Int(only.rule)]
    let line = Int(trees[Int(loaded.file)].rules[Int(loaded.index)].line)
    let file = sources[range.file]
    guard loaded.file == range.file, range.start < file.lineStarts[line + 1] else { return sources.location(range) }
    return file.location(at: Int(range.start), line: line)
  }
}

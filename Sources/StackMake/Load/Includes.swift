import SystemPackage

/// Files: the Stackfile, what it includes, and the words of the command line.
extension Loading {
  /// The file that was asked for; paths in packs and on the command line are relative to its directory.
  mutating func readStackfile(_ path: String) {
    var reading = Reading(mainDirectory: Paths.directory(path))
    read(.file(path), from: nil, &reading)
  }

  /// What is read, and what led to it.
  private struct Reading {
    let mainDirectory: String
    /// Identities of files that are being read, outermost first.
    var stack: [String] = []
    var seen: Set<String> = []
  }

  private enum Included {
    case file(String)
    case pack(String)

    var shown: String {
      switch self {
      case .file(let path): path
      case .pack(let name): "<\(name)>"
      }
    }

    var identity: String {
      switch self {
      case .file(let path): Paths.normalized(path)
      case .pack: shown
      }
    }
  }

  private mutating func read(_ included: Included, from range: SourceRange?, _ reading: inout Reading) {
    let identity = included.identity
    if let start = reading.stack.firstIndex(of: identity) {
      return report(.includeCycle(paths: reading.stack[start...] + [identity]), range)
    }
    guard reading.seen.insert(identity).inserted else { return }
    guard reading.stack.count < limits.depth else { return report(.includeTooDeep(limit: limits.depth), range) }
    guard let bytes = bytes(of: included, from: range) else {
      isIncomplete = true
      return
    }
    guard bytes.count <= SourceFile.largest else { return report(.tooLarge(path: included.shown), range) }
    let origin: SourceFile.Origin = if case .pack = included { .pack } else { .user }
    let number = sources.add(SourceFile(path: included.shown, bytes: bytes, origin: origin))
    let (tree, found) = Parser.parse(sources[number], number: number)
    trees.append(tree)
    for diagnostic in found { report(diagnostic) }
    for word in tree.broken { broken.insert(sources[number].text(word.bounds)) }
    if sources[number].flaw != nil { isIncomplete = true }
    reading.stack.append(identity)
    register(tree, isPack: origin == .pack, &reading)
    reading.stack.removeLast()
  }

  private mutating func bytes(of included: Included, from range: SourceRange?) -> [UInt8]? {
    switch included {
    case .file(let path):
      do throws(FileError) {
        return try fileSystem.read(FilePath(path))
      } catch {
        report(.unreadable(path: path, reason: Self.reason(error)), range)
        return nil
      }
    case .pack(let name):
      if let bytes = packs[name] { return bytes }
      report(.unknownPack(name, near: nearest.near(name, among: packs.keys.sorted())), range)
      return nil
    }
  }

  /// What the system said, in lower case as all messages are.
  static func reason(_ error: FileError) -> String {
    let text = error.errno.description
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  private mutating func register(_ tree: Syntax, isPack: Bool, _ reading: inout Reading) {
    let source = sources[tree.file]
    let block = Array(dialect.block.utf8)
    for statement in tree.statements {
      switch statement {
      case .rule(let index):
        let rule = tree.rules[Int(index)]
        let isBlock = tree.words[rule.targets].contains { source.bytes[$0.bounds] == block[...] }
        rules.append(LoadedRule(file: tree.file, index: index, isPack: isPack, isBlock: isBlock))
      case .assignment(let index):
        define(tree.assignments[Int(index)], tree)
      case .targetVariable(let index):
        targetVariables.append(LoadedTargetVariable(file: tree.file, index: index, isPack: isPack))
        specificNames.insert(source.text(tree.targetVariables[Int(index)].assignment.name.bounds))
      case .secret(let word):
        let name = source.text(word.bounds)
        if secretRanges[name] == nil {
          secrets.append(name)
          secretRanges[name] = tree.range(word)
        }
      case .pool: break
      case .include(let index):
        include(tree.includes[Int(index)], tree, &reading)
      }
    }
  }

  private mutating func define(_ assignment: Syntax.Assignment, _ tree: Syntax) {
    variables.define(
      VariableTable.Definition(
        name: tree.range(assignment.name), value: tree.range(assignment.value), mode: .value),
      name: sources.text(tree.range(assignment.name)), assignment.operation)
  }

  private mutating func include(_ include: Syntax.Include, _ tree: Syntax, _ reading: inout Reading) {
    let range = tree.range(include.path)
    let text = sources.text(range)
    if include.isPack {
      if include.isOptional, packs[text] == nil { return }
      return read(.pack(text), from: range, &reading)
    }
    let origin = sources[tree.file].origin
    let directory = origin == .pack ? reading.mainDirectory : Paths.directory(sources[tree.file].path)
    let path = Paths.join(directory, text)
    do throws(FileError) {
      if Glob.isGlob(text.utf8) {
        let found = try FileGlob.expand(path, in: fileSystem)
        if found.isEmpty, !include.isOptional {
          isIncomplete = true
          report(.includeMatchesNothing(text), range)
        }
        for file in found { read(.file(file), from: range, &reading) }
      } else if include.isOptional {
        if try fileSystem.kind(of: FilePath(path)) != nil { read(.file(path), from: range, &reading) }
      } else {
        read(.file(path), from: range, &reading)
      }
    } catch {
      isIncomplete = true
      report(.unreadable(path: error.path, reason: Self.reason(error)), range)
    }
  }

  // MARK: The command line

  /// Words `NAME=VALUE`, as lines of a file that exists only for messages.
  mutating func readOverrides(_ overrides: [(name: String, value: String)]) {
    guard !overrides.isEmpty else { return }
    var bytes: [UInt8] = []
    var places: [(name: Range<Int>, value: Range<Int>)] = []
    for (name, value) in overrides {
      let start = bytes.count
      bytes += Array(name.utf8) + [Byte.equals]
      let valueStart = bytes.count
      bytes += Array(value.utf8)
      places.append((start..<valueStart - 1, valueStart..<bytes.count))
      bytes.append(Byte.newline)
    }
    let number = sources.add(SourceFile(path: "command line", bytes: bytes, origin: .commandLine))
    trees.append(Syntax(file: number))
    if case .nul(let at) = sources[number].flaw {
      return report(.nulByte, SourceRange(file: number, start: at, end: at + 1))
    }
    for ((name, _), place) in zip(overrides, places) {
      let range = SourceRange(file: number, start: place.name.lowerBound, end: place.name.upperBound)
      if secretRanges[name] != nil {
        report(.secretOverride(name), range)
      } else if !Byte.isVariableName(name.utf8) {
        report(.overrideName(name), range)
      } else {
        let value = SourceRange(file: number, start: place.value.lowerBound, end: place.value.upperBound)
        variables.override(VariableTable.Definition(name: range, value: value, mode: .raw), name: name)
      }
    }
  }
}

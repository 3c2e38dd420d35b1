import SystemPackage

/// Steps: their texts, options and sites.
extension Loading {
  /// Resolves one step and appends it, unless it has an error or would run nowhere.
  mutating func resolve(
    _ syntax: StepSyntax, rule: Int, _ scope: inout Scope, _ resolution: inout RecipeResolution
  ) {
    guard let site = site(syntax, &scope, resolution.on) else { return }
    let retry = retry(syntax, &scope)
    let body: Step.Body?
    switch syntax.body {
    case .script(let text): body = resolve(text, &scope).map { .script($0) }
    case .transfer(let transfer): body = resolve(transfer, rule, &scope)
    }
    guard let body else { return }
    if case .places(let places) = site {
      if places.isEmpty { return }
      for place in places {
        if let target = placeTargets[Int(place.index)] { resolution.need(TargetID(target)) }
      }
    }
    let file = syntax.range.file
    resolution.append(
      Step(
        body: body, site: site, isOnce: syntax.isOnce, retry: retry,
        location: sources[file].location(at: Int(syntax.range.start), line: syntax.line)))
  }

  /// Where it runs; nil where that is an error, which is reported.
  private mutating func site(_ syntax: StepSyntax, _ scope: inout Scope, _ on: [PlaceID]?) -> Step.Site? {
    if syntax.on.isEmpty || syntax.isLocal { return syntax.isLocal ? .here : on.map { .places($0) } ?? .home }
    var found: Set<Int> = []
    var isGood = true
    for value in syntax.on {
      guard let text = literal(value, "the name of a server", &scope) else {
        isGood = false
        continue
      }
      if let places = layout.places(matching: text) {
        found.formUnion(places)
      } else if case .check = scope.context, scope.dependsOnTarget {
        // Names that aren't known here.
      } else {
        reportUnknownPlace(text, value.range)
        isGood = false
      }
    }
    return isGood ? .places(found.sorted().map { PlaceID($0) }) : nil
  }

  private mutating func retry(_ syntax: StepSyntax, _ scope: inout Scope) -> Step.Retry? {
    guard let retry = syntax.retry, let countText = literal(retry.count, "`count`", &scope) else { return nil }
    var every = Duration.seconds(1)
    if let value = retry.every, let text = literal(value, "`every`", &scope) {
      if let duration = Numbers.duration(text) {
        every = duration
      } else if !isOnlyChecked(scope) {
        report(.duration(option: "every", value: text), value.range)
      }
    }
    if let count = Numbers.integer(countText), (1...10_000).contains(count) {
      return Step.Retry(count: count, every: every)
    }
    if !isOnlyChecked(scope) { report(.number(option: "count", value: countText, limit: 10_000), retry.count.range) }
    return nil
  }

  /// Whether texts may be empty only because there is no target.
  private func isOnlyChecked(_ scope: Scope) -> Bool {
    if case .check = scope.context { scope.dependsOnTarget } else { false }
  }

  // MARK: Files

  private mutating func resolve(
    _ syntax: StepSyntax.TransferSyntax, _ rule: Int, _ scope: inout Scope
  ) -> Step.Body? {
    let step = syntax.keyword
    let destination = resolve(syntax.destination.text, &scope)
    let written = literal(syntax.source, "the source of `\(step)`", &scope)
    let mode = mode(syntax, &scope)
    let owner = owner(syntax, &scope)
    guard let destination, let written else { return nil }
    if isOnlyChecked(scope) { return nil }
    if destination.parts.isEmpty {
      report(.emptyValue("the destination of `\(step)`"), syntax.destination.range)
      return nil
    }
    if written.isEmpty {
      report(.emptyValue("the source of `\(step)`"), syntax.source.range)
      return nil
    }
    let path = Paths.join(directory(ofRule: rule), written)
    let transfer = Step.Transfer(source: path, destination: destination, mode: mode, owner: owner)
    guard let entries = entries(path, step, syntax.source.range, all: syntax.isRender) else { return nil }
    guard syntax.isRender else { return .put(transfer) }
    var files: [Step.RenderedFile] = []
    for entry in entries {
      guard let text = rendered(entry.path, syntax.source.range), let contents = resolve(text, &scope) else { continue }
      files.append(Step.RenderedFile(path: entry.path, relativePath: entry.relative, contents: contents))
    }
    return .render(transfer, files)
  }

  private func directory(ofRule rule: Int) -> String {
    let file = sources[rules[rule].file]
    // What a pack names belongs to the project that uses it.
    return Paths.directory(file.origin == .pack ? sources[0].path : file.path)
  }

  private mutating func mode(_ syntax: StepSyntax.TransferSyntax, _ scope: inout Scope) -> UInt16? {
    guard let value = syntax.mode, let text = literal(value, "`mode`", &scope) else { return nil }
    let mode = Numbers.mode(text)
    if mode == nil, !isOnlyChecked(scope) { report(.mode(text), value.range) }
    return mode
  }

  private mutating func owner(_ syntax: StepSyntax.TransferSyntax, _ scope: inout Scope) -> String? {
    guard let value = syntax.owner, let text = literal(value, "`owner`", &scope) else { return nil }
    if text.isEmpty, !isOnlyChecked(scope) { report(.emptyValue("owner"), value.range) }
    return text
  }

  /// What a source stands for: with `all` every file in it, else only whether it is there.
  private mutating func entries(
    _ path: String, _ step: String, _ range: SourceRange, all: Bool
  ) -> [SourceEntry]? {
    let key = (all ? "render " : "put ") + path
    if let known = sourceListings[key] { return known }
    var listing = SourceListing(fileSystem: fileSystem, limit: limits.files)
    do throws(SourceListing.Failure) {
      let entries = try listing.entries(path, all: all)
      sourceListings[key] = entries
      return entries
    } catch {
      switch error {
      case .missing: report(.sourceMissing(step: step, path: path), range)
      case .matchesNothing: report(.sourceMatchesNothing(step: step, glob: path), range)
      case .tooMany(let limit): report(.sourceTooMany(step: step, limit: limit), range)
      case .notAFile(let path):
        report(.sourceUnreadable(step: step, path: path, reason: "it is neither a file nor a directory"), range)
      case .file(let error):
        report(.sourceUnreadable(step: step, path: error.path, reason: Self.reason(error)), range)
      }
      return nil
    }
  }

  /// The text of a file to render; nil where an error was reported.
  private mutating func rendered(_ path: String, _ range: SourceRange) -> TemplateSyntax? {
    if let known = renderedFiles[path] { return known }
    var result: TemplateSyntax?
    do throws(FileError) {
      let bytes = try fileSystem.read(FilePath(path))
      if bytes.count > limits.text {
        report(.valueTooLong(limit: limits.text), range)
      } else {
        let number = sources.add(SourceFile(path: path, bytes: bytes, origin: .rendered))
        switch sources[number].flaw {
        case .nul(let at): report(.nulByte, SourceRange(file: number, start: at, end: at + 1))
        case .notUTF8(let bytes):
          report(.notUTF8, SourceRange(file: number, start: bytes.lowerBound, end: bytes.upperBound))
        case nil:
          result = read(SourceRange(file: number, start: 0, end: bytes.count), .raw)
        }
      }
    } catch {
      report(.sourceUnreadable(step: "render", path: path, reason: Self.reason(error)), range)
    }
    renderedFiles[path] = .some(result)
    return result
  }
}

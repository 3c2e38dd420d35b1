extension StackfileFormatter {
  /// What a Stackfile says, apart from how it is laid out: a text for each statement and for each step.
  package static func meaning(of source: SourceFile) -> [String] {
    let (tree, diagnostics) = Parser.parse(source, number: 0)
    func text(_ word: Syntax.Word) -> String { source.text(word.bounds).replacing("\r\n", with: "\n") }
    func text(_ words: ArraySlice<Syntax.Word>) -> String { words.map(text).joined(separator: " ") }
    func text(_ assignment: Syntax.Assignment) -> String {
      "\(text(assignment.name)) \(assignment.operation) \(text(assignment.value))"
    }
    return diagnostics.map { "\($0.kind)" }
      + tree.statements.flatMap { statement -> [String] in
        switch statement {
        case .assignment(let number): return [text(tree.assignments[Int(number)])]
        case .targetVariable(let number):
          let variable = tree.targetVariables[Int(number)]
          let targets = tree.words[Int(variable.targets.lowerBound)..<Int(variable.targets.upperBound)]
          return ["\(text(targets)): \(text(variable.assignment))"]
        case .secret(let word): return ["secret \(text(word))"]
        case .include(let number):
          let include = tree.includes[Int(number)]
          return ["include \(text(include.path)) \(include.isOptional) \(include.isPack)"]
        case .pool(let number):
          let pool = tree.pools[Int(number)]
          return ["pool \(text(pool.name)) \(text(pool.size))"]
        case .rule(let number):
          let rule = tree.rules[Int(number)]
          let head =
            "\(text(tree.words[rule.targets])) \(rule.isAppending): \(text(tree.words[rule.dependencies])) | "
            + text(tree.words[rule.orderOnly])
          let (steps, flaws) = RecipeParser.parse(source, number: 0, lines: rule.recipe)
          return [head] + steps.map(describe) + flaws.map { "\($0.kind)" }
        }
      }
  }

  private static func describe(_ step: StepSyntax) -> String {
    var parts = ["once=\(step.isOnce) local=\(step.isLocal) on=\(step.on.map { describe($0.text) })"]
    if let retry = step.retry {
      parts.append("retry \(describe(retry.count.text)) \(retry.every.map { describe($0.text) } ?? "")")
    }
    switch step.body {
    case .script(let script): parts.append(describe(script))
    case .transfer(let transfer):
      parts += [transfer.keyword, describe(transfer.source.text), describe(transfer.destination.text)]
      parts += [transfer.mode, transfer.owner].map { $0.map { describe($0.text) } ?? "-" }
    }
    return parts.joined(separator: "\u{1f}")
  }

  private static func describe(_ template: TemplateSyntax) -> String {
    template.parts.map { part in
      switch part {
      case .text(let text): text
      case .hole(let hole): "{{\(hole.words.map(\.text).joined(separator: "\u{1e}"))}}"
      }
    }.joined()
  }
}

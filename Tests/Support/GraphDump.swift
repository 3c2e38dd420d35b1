package import StackMake

extension Graph {
  /// The graph as text, one line a target and one a step, for tests.
  package var dump: String {
    targets.map { target in
      let place = place(target).map { " @\(self[$0].name)" } ?? ""
      let counted = dependencies(target, for: .staleness).map { name($0) }
      let orderOnly = dependencies(target, for: .order).dropFirst(counted.count).map { name($0) }
      var line = "\(name(target)) (\(kind(target)))\(place):"
      if !counted.isEmpty { line += " " + counted.joined(separator: " ") }
      if !orderOnly.isEmpty { line += " | " + orderOnly.joined(separator: " ") }
      let options = options(target)
      if options != .standard { line += "  [\(Self.dump(options))]" }
      return ([line] + recipe(target).map { "    " + dump($0) }).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  package func dump(_ template: Template) -> String {
    template.filled { part in
      switch part {
      case .text(let text): text
      case .secret(let name): "<secret \(name)>"
      case .output(let target, let key): "<\(name(target)).\(key)>"
      }
    }
  }

  private static func dump(_ options: TargetOptions) -> String {
    [
      options.timeout.map { "timeout=\($0)" }, options.retries == 0 ? nil : "retries=\(options.retries)",
      options.pool.map { "pool=\($0)" }, options.user.map { "user=\($0)" },
    ].compactMap { $0 }.joined(separator: " ")
  }

  private func dump(_ step: Step) -> String {
    var words: [String] = []
    switch step.site {
    case .home: break
    case .here: words.append("local")
    case .places(let places): words.append("on(\(places.map { self[$0].name }.joined(separator: ",")))")
    }
    if step.isOnce { words.append("once") }
    if let retry = step.retry { words.append("retry(\(retry.count),\(retry.every))") }
    switch step.body {
    case .script(let text):
      words.append(dump(text).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎"))
    case .put(let transfer): words += ["put", dump(transfer)]
    case .render(let transfer, let files):
      words += ["render", dump(transfer)]
      for file in files { words.append("{\(file.path) \(file.relativePath)=\(dump(file.contents).debugDescription)}") }
    }
    return words.joined(separator: " ")
  }

  private func dump(_ transfer: Step.Transfer) -> String {
    var text = "\(transfer.source) -> \(dump(transfer.destination))"
    if let mode = transfer.mode { text += " mode=\(String(mode, radix: 8))" }
    if let owner = transfer.owner { text += " owner=\(owner)" }
    return text
  }
}

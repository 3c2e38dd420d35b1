/// Walks over everything that identifies a target's result, in a fixed order.
package struct ManifestWalk: Sendable {
  package let graph: Graph
  package let kinds: [String: any TargetKind]
  package let files: SourceFiles
  /// Digest of each secret by name: what stands for it in a manifest.
  package let secretDigests: [String: String]

  package init(graph: Graph, kinds: [String: any TargetKind], files: SourceFiles, secretDigests: [String: String]) {
    self.graph = graph
    self.kinds = kinds
    self.files = files
    self.secretDigests = secretDigests
  }

  /// The manifest, and whether every value in it is known: an output that isn't yet is written as
  /// `<ip of server/a>`.
  package func manifest(
    of target: TargetID, outputs: (TargetID) -> [String: String]?
  ) -> (manifest: Manifest, isComplete: Bool) {
    let kind = kinds[graph.kind(target)]!
    var entries = kind.attributes(of: target, in: graph)
    var isComplete = true
    let dependencies = graph.dependencies(target, for: .staleness)
      .map { ($0, graph.name($0)) }.sorted { $0.1 < $1.1 }
    for (dependency, name) in dependencies {
      guard let values = outputs(dependency) else {
        isComplete = false
        continue
      }
      for key in values.keys.sorted() where kind.heeds(key, of: dependency, in: graph) {
        entries.append(ManifestEntry(Self.outputKey(name, key), values[key]!))
      }
    }
    for (number, step) in graph.recipe(target).enumerated() {
      let key = "\(Manifest.stepPrefix)\(number + 1)"
      let text = text(of: step, in: target, namesPlaces: true, outputs: outputs, isComplete: &isComplete)
      entries.append(ManifestEntry(key, text))
      append(filesOf: step, number: number + 1, in: target, outputs: outputs, to: &entries, isComplete: &isComplete)
    }
    return (Manifest(entries: entries), isComplete)
  }

  /// Targets of which a recipe uses a value that isn't known yet, in the order of its steps.
  func unknownSources(of target: TargetID, outputs: (TargetID) -> [String: String]?) -> [TargetID] {
    var found: [TargetID] = []
    for step in graph.recipe(target) {
      for case .output(let source, let key) in step.templates.flatMap(\.parts)
      where source != target && outputs(source)?[key] == nil && !found.contains(source) {
        found.append(source)
      }
    }
    return found
  }

  package static func outputKey(_ target: String, _ key: String) -> String { "output \(target) \(key)" }

  /// The step as one would write it, its values filled in and its secrets hidden.
  ///
  /// - Parameter namesPlaces: whether to say the places of `on`, as a manifest does.
  package func text(
    of step: Step, in target: TargetID, namesPlaces: Bool = false, outputs: (TargetID) -> [String: String]?,
    isComplete: inout Bool
  ) -> String {
    var words: [String] = []
    if step.isOnce { words.append("once") }
    switch step.site {
    case .home: break
    case .here: words.append("local")
    case .places(let places):
      if namesPlaces { words.append("on \(places.map { graph[$0].name }.joined(separator: " ")):") }
    }
    switch step.body {
    case .script(let script):
      words.append(fill(script, in: target, outputs: outputs, isComplete: &isComplete))
    case .put(let transfer):
      words.append("put \(transferText(transfer, in: target, outputs: outputs, isComplete: &isComplete))")
    case .render(let transfer, _):
      words.append("render \(transferText(transfer, in: target, outputs: outputs, isComplete: &isComplete))")
    }
    return words.joined(separator: " ")
  }

  private func transferText(
    _ transfer: Step.Transfer, in target: TargetID, outputs: (TargetID) -> [String: String]?,
    isComplete: inout Bool
  ) -> String {
    var words = [transfer.source, fill(transfer.destination, in: target, outputs: outputs, isComplete: &isComplete)]
    if let mode = transfer.mode { words.append("mode=0\(String(mode, radix: 8))") }
    if let owner = transfer.owner { words.append("owner=\(owner)") }
    return words.joined(separator: " ")
  }

  private func append(
    filesOf step: Step, number: Int, in target: TargetID, outputs: (TargetID) -> [String: String]?,
    to entries: inout [ManifestEntry], isComplete: inout Bool
  ) {
    func append(_ transfer: Step.Transfer, _ relativePath: String, _ value: String) {
      var key = "file \(relativePath.isEmpty ? transfer.source : relativePath)"
      if entries.contains(where: { $0.key == key }) { key += " in step \(number)" }
      entries.append(ManifestEntry(key, value))
    }
    switch step.body {
    case .script: break
    case .put(let transfer):
      for file in files.files(of: transfer.source) {
        let mode = String(transfer.mode ?? file.fingerprint.mode, radix: 8)
        append(
          transfer, file.relativePath, "sha256:\(file.fingerprint.digest.hexadecimal) mode=0\(mode)")
      }
    case .render(let transfer, let rendered):
      for file in rendered {
        append(
          transfer, file.relativePath, fill(file.contents, in: target, outputs: outputs, isComplete: &isComplete))
      }
    }
  }

  private func fill(
    _ template: Template, in target: TargetID, outputs: (TargetID) -> [String: String]?, isComplete: inout Bool
  ) -> String {
    var result = ""
    for part in template.parts {
      switch part {
      case .text(let text): result += text
      case .secret(let name): result += "••••[\(secretDigests[name] ?? "new")]"
      case .output(let source, let key):
        if source == target {
          // Its own outputs identify nothing: they come of building it.
          result += "<\(key)>"
        } else if let value = outputs(source)?[key] {
          result += value
        } else {
          isComplete = false
          result += "<\(key) of \(graph.name(source))>"
        }
      }
    }
    return result
  }
}

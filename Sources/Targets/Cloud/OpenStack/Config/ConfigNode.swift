/// A value of a configuration file or of the environment, and where it was written.
struct ConfigNode: Sendable, Hashable {
  indirect enum Content: Sendable, Hashable {
    case null
    case bool(Bool)
    /// Numbers too, as they are written out in decimal.
    case text(String)
    case list([ConfigNode])
    case map([String: ConfigNode])
  }

  var content: Content
  var origin: ConfigOrigin

  init(_ content: Content, _ origin: ConfigOrigin) {
    self.content = content
    self.origin = origin
  }

  /// The text that stands for a single value; nil for nothing, and for lists and maps.
  var text: String? {
    switch content {
    case .text(let text): text
    case .bool(let value): value ? "True" : "False"
    case .null, .list, .map: nil
    }
  }

  var map: [String: ConfigNode]? {
    if case .map(let map) = content { return map }
    return nil
  }

  var isNull: Bool { content == .null }

  /// This with all of `overlay` laid over it: maps are merged at every depth, anything else is replaced.
  func merged(with overlay: ConfigNode) -> ConfigNode {
    guard case .map(let below) = content, case .map(let above) = overlay.content else { return overlay }
    return ConfigNode(.map(below.merging(above) { $0.merged(with: $1) }), origin)
  }

  /// Keys with `_` for `-`, at every depth; where both are written, the one with `_` counts.
  var normalized: ConfigNode {
    guard case .map(let map) = content else { return self }
    var result: [String: ConfigNode] = [:]
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      result[String(key.map { $0 == "-" ? "_" : $0 })] = value.normalized
    }
    return ConfigNode(.map(result), origin)
  }
}

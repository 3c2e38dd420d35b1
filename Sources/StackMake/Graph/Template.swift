/// Text whose variables are resolved, and which may still hold values that are only
/// known while building: a secret, or an output of another target.
package struct Template: Hashable, Sendable {
  package enum Part: Hashable, Sendable {
    case text(String)
    /// The value of a `secret`. Shown as `••••`, and in a manifest as a digest.
    case secret(String)
    /// The value that `target` gives under `key` once it is built.
    case output(target: TargetID, key: String)
  }

  package var parts: [Part]

  package init(_ parts: [Part]) {
    self.parts = parts
  }

  package init(_ text: String) {
    parts = text.isEmpty ? [] : [.text(text)]
  }

  /// The text, where nothing in it has to wait for the build; else nil.
  package var literal: String? {
    var result = ""
    for part in parts {
      guard case .text(let text) = part else { return nil }
      result += text
    }
    return result
  }

  /// The targets whose outputs are needed.
  package var targets: [TargetID] {
    parts.compactMap { if case .output(let target, _) = $0 { target } else { nil } }
  }

  /// The text with every hole filled by `fill`.
  package func filled<E: Error>(_ fill: (Part) throws(E) -> String) throws(E) -> String {
    var result = ""
    for part in parts {
      if case .text(let text) = part { result += text } else { result += try fill(part) }
    }
    return result
  }
}

/// A text with `{{ }}` in it, as it was written.
struct TemplateSyntax: Sendable {
  enum Part: Sendable {
    case text(String)
    case hole(Hole)
  }

  /// `{{ name word … }}`
  struct Hole: Sendable {
    var range: SourceRange
    var words: [Word]
  }

  struct Word: Sendable {
    var text: String
    var range: SourceRange
  }

  var parts: [Part] = []

  /// The text, where it has no hole.
  var plain: String? {
    if parts.isEmpty { return "" }
    guard parts.count == 1, case .text(let text) = parts[0] else { return nil }
    return text
  }

  /// The first words of all holes.
  var names: some Sequence<String> {
    parts.lazy.compactMap { if case .hole(let hole) = $0 { hole.words.first?.text } else { nil } }
  }
}

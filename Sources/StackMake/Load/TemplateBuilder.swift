/// Puts a `Template` together, texts that touch joined.
struct TemplateBuilder {
  private var parts: [Template.Part] = []
  private var text = ""
  /// Bytes of text so far; a secret or an output counts as a few.
  private(set) var size = 0

  var isEmpty: Bool { parts.isEmpty && text.isEmpty }

  mutating func append(_ more: String) {
    text += more
    size += more.utf8.count
  }

  mutating func append(_ template: Template) {
    for part in template.parts {
      if case .text(let more) = part {
        append(more)
      } else {
        flush()
        parts.append(part)
        size += 16
      }
    }
  }

  private mutating func flush() {
    if !text.isEmpty { parts.append(.text(text)) }
    text = ""
  }

  consuming func finish() -> Template {
    flush()
    return Template(parts)
  }
}

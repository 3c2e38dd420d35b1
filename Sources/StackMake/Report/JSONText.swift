import FoundationEssentials

/// Text as JSON writes it.
package enum JSONText {
  /// A value, its keys sorted: the same text for the same value. Pretty: a line for each key, so that versions of it can be
  /// compared. A number that JSON can't say (infinite) is a bug in us.
  package static func encoded(_ value: some Encodable, isPretty: Bool = false) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      preconditionFailure("BUG: \(type(of: value)) can't be written: \(error)")
    }
  }

  /// In quotation marks, with what JSON doesn't allow in them escaped.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Outcome {
  /// One word, as JSON and traces say it.
  package var name: String {
    switch self {
    case .fresh: "fresh"
    case .built: "built"
    case .failed: "failed"
    case .locked: "locked"
    case .skipped: "skipped"
    case .interrupted: "interrupted"
    }
  }
}

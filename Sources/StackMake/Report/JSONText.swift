/// Strings as JSON writes them.
package enum JSONText {
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

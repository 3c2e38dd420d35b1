/// Numbers and times as they are written in options.
package enum Numbers {
  /// Digits only, nine at most.
  static func integer(_ text: String) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ Byte.isDigit($0) }) else { return nil }
    return Int(text)
  }

  /// `500ms`, `30s`, `5m`, `1h`: more than nothing.
  package static func duration(_ text: String) -> Duration? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = integer(String(digits)), number > 0 else { return nil }
    switch text[digits.endIndex...] {
    case "ms": return .milliseconds(number)
    case "s": return .seconds(number)
    case "m": return .seconds(number * 60)
    case "h": return .seconds(number * 3600)
    default: return nil
    }
  }

  /// Octal permission bits, three or four digits.
  static func mode(_ text: String) -> UInt16? {
    guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return UInt16(text, radix: 8)
  }
}

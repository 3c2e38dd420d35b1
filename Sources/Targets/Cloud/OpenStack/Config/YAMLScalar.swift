/// What a scalar without quotes means, by the rules of YAML 1.1, as Python's YAML reads it.
enum YAMLScalar {
  static func content(_ text: String) -> ConfigNode.Content {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .bool(true)
    case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .bool(false)
    default: return .text(integer(text) ?? float(text) ?? text)
    }
  }

  /// `0o17` isn't one, `017` is fifteen. One that is too large to count with stays as it is written.
  private static func integer(_ text: String) -> String? {
    let (sign, body) = signed(text)
    guard let first = body.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { return nil }
    let digits = body.filter { $0 != "_" }
    func value(_ digits: Substring, _ radix: Int) -> String? {
      guard digits.allSatisfy(\.isHexDigit) else { return nil }
      return Int(digits, radix: radix).map { sign == "-" ? String(-$0) : String($0) }
    }
    if digits.hasPrefix("0b") { return value(digits.dropFirst(2), 2) }
    if digits.hasPrefix("0x") { return value(digits.dropFirst(2), 16) }
    if digits == "0" { return "0" }
    if digits.hasPrefix("0") { return value(digits.dropFirst(), 8) }
    if digits.contains(":") { return sexagesimal(digits).flatMap { value(Substring(String($0)), 10) } }
    return digits.allSatisfy(\.isASCIIDigit) ? (sign == "-" ? "-" : "") + digits : nil
  }

  /// `1:30` is ninety.
  private static func sexagesimal(_ digits: String) -> Int? {
    var total = 0
    for (index, part) in digits.split(separator: ":", omittingEmptySubsequences: false).enumerated() {
      guard part.allSatisfy(\.isASCIIDigit), let value = Int(part), index == 0 || (part.count <= 2 && value < 60) else {
        return nil
      }
      let (product, isTooLarge) = total.multipliedReportingOverflow(by: 60)
      if isTooLarge || product > Int.max - value { return nil }
      total = product + value
    }
    return total
  }

  /// Needs its point, and a sign in its exponent.
  private static func float(_ text: String) -> String? {
    let (sign, body) = signed(text)
    guard let point = body.firstIndex(of: ".") else { return nil }
    let whole = body[..<point]
    var fraction = body[body.index(after: point)...]
    var exponent = ""
    if let mark = fraction.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      exponent = String(fraction[mark...])
      fraction = fraction[..<mark]
      let digits = exponent.dropFirst(2)
      guard exponent.dropFirst().first.map({ "+-".contains($0) }) == true, !digits.isEmpty,
        digits.allSatisfy(\.isASCIIDigit)
      else { return nil }
    }
    let isNumber = { (part: Substring) in part.allSatisfy { $0.isASCIIDigit || $0 == "_" } }
    guard isNumber(whole), isNumber(fraction), whole.first != "_", !(whole.isEmpty && fraction.isEmpty) else {
      return nil
    }
    let plain = "\(sign)\(whole.isEmpty ? "0" : whole).\(fraction.isEmpty ? "0" : fraction)\(exponent)"
    return Double(plain.filter { $0 != "_" }).map { "\($0)" }
  }

  private static func signed(_ text: String) -> (sign: String, body: String) {
    guard let first = text.first, first == "-" || first == "+" else { return ("", text) }
    return (first == "-" ? "-" : "", String(text.dropFirst()))
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

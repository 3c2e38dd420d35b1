/// Bytes that mean something in a Stackfile, and classes of bytes.
enum Byte {
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let tab = UInt8(ascii: "\t")
  static let hash = UInt8(ascii: "#")
  static let backslash = UInt8(ascii: "\\")
  static let colon = UInt8(ascii: ":")
  static let equals = UInt8(ascii: "=")
  static let bar = UInt8(ascii: "|")
  static let percent = UInt8(ascii: "%")
  static let star = UInt8(ascii: "*")
  static let question = UInt8(ascii: "?")
  static let plus = UInt8(ascii: "+")
  static let minus = UInt8(ascii: "-")
  static let slash = UInt8(ascii: "/")
  static let dot = UInt8(ascii: ".")
  static let quote = UInt8(ascii: "\"")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let openBracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")
  static let underscore = UInt8(ascii: "_")

  @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

  /// What a byte may be in a word of a rule.
  struct Class: OptionSet {
    let rawValue: UInt8
    static let name = Class(rawValue: 1)
    static let slash = Class(rawValue: 2)
    static let percent = Class(rawValue: 4)
    static let glob = Class(rawValue: 8)
    /// Ends a word: a blank, `:`, `=`, `|`.
    static let end = Class(rawValue: 16)
    static let other = Class(rawValue: 32)
  }

  static let classes: [UInt8] = (0..<256).map { classify(UInt8($0)).rawValue }

  private static func classify(_ byte: UInt8) -> Class {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), underscore, dot, plus, minus:
      .name
    case slash: .slash
    case percent: .percent
    case star, question, openBracket, closeBracket: .glob
    case space, tab, colon, equals, bar: .end
    default: .other
    }
  }

  static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// `[A-Za-z_][A-Za-z0-9_-]*`
  static func isVariableName(_ bytes: some Collection<UInt8>) -> Bool {
    guard let first = bytes.first, isLetter(first) || first == underscore else { return false }
    return bytes.dropFirst().allSatisfy { isLetter($0) || isDigit($0) || $0 == underscore || $0 == minus }
  }
}

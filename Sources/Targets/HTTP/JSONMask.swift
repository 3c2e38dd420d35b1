/// Reads a JSON text and writes it again byte for byte, but for the values of secrets.
struct JSONMask {
  private let bytes: [UInt8]
  private var position = 0
  private var output: [UInt8] = []

  /// nil where the bytes aren't one JSON value.
  static func masked(_ bytes: [UInt8]) -> String? {
    var mask = JSONMask(bytes: bytes)
    guard mask.value(depth: 0, isInToken: false) else { return nil }
    mask.space()
    guard mask.position == bytes.count else { return nil }
    return String(decoding: mask.output, as: UTF8.self)
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
    output.reserveCapacity(bytes.count)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take() {
    output.append(bytes[position])
    position += 1
  }

  private mutating func accept(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    take()
    return true
  }

  private mutating func space() {
    while let byte = next, byte == 32 || (9...13).contains(byte) { take() }
  }

  /// `isInToken`: the value is of the name `token`, and an object's `id` is the token itself.
  private mutating func value(depth: Int, isInToken: Bool) -> Bool {
    space()
    guard depth < 64, let byte = next else { return false }
    switch byte {
    case UInt8(ascii: "{"): return object(depth: depth, isInToken: isInToken)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string() != nil
    default: return word()
    }
  }

  private mutating func object(depth: Int, isInToken: Bool) -> Bool {
    take()
    space()
    if accept(UInt8(ascii: "}")) { return true }
    repeat {
      space()
      guard let name = string() else { return false }
      space()
      guard accept(UInt8(ascii: ":")) else { return false }
      space()
      let isSecret = SecretMask.isSecret(name) || isInToken && name.elementsEqual("id".utf8)
      let isShown = next == UInt8(ascii: "{") && SecretMask.mayHoldObject(name)
      let begin = output.count
      guard value(depth: depth + 1, isInToken: name.elementsEqual("token".utf8)) else { return false }
      if isSecret && !isShown && !output[begin...].elementsEqual("null".utf8) {
        output.replaceSubrange(begin..., with: "\"\(SecretMask.mark)\"".utf8)
      }
      space()
    } while accept(UInt8(ascii: ","))
    return accept(UInt8(ascii: "}"))
  }

  private mutating func array(depth: Int) -> Bool {
    take()
    space()
    if accept(UInt8(ascii: "]")) { return true }
    repeat {
      guard value(depth: depth + 1, isInToken: false) else { return false }
      space()
    } while accept(UInt8(ascii: ","))
    return accept(UInt8(ascii: "]"))
  }

  /// What stands between the quotes, as it is written.
  private mutating func string() -> ArraySlice<UInt8>? {
    guard accept(UInt8(ascii: "\"")) else { return nil }
    let begin = position
    while let byte = next {
      take()
      if byte == UInt8(ascii: "\"") { return bytes[begin..<position - 1] }
      if byte == UInt8(ascii: "\\") {
        guard next != nil else { return nil }
        take()
      }
    }
    return nil
  }

  /// A number, `true`, `false` or `null`.
  private mutating func word() -> Bool {
    let begin = position
    while let byte = next, !byte.isJSONPunctuation { take() }
    let word = bytes[begin..<position]
    guard let first = word.first else { return false }
    if ["true", "false", "null"].contains(where: { word.elementsEqual($0.utf8) }) { return true }
    return (first == UInt8(ascii: "-") || first.isDigit) && word.allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isJSONPunctuation: Bool { self <= 32 || "{}[]:,\"".utf8.contains(self) }
}

/// A command line for a POSIX shell that is made of words, so that the shell sees exactly these words.
package struct ShellCommand: Sendable, Hashable, CustomStringConvertible {
  package var words: [String]

  package init(_ words: [String]) {
    self.words = words
  }

  package init(_ words: String...) {
    self.words = words
  }

  /// The words, quoted where they need it, with a space between them. NUL, which no word can hold, must not be in them.
  package var description: String {
    words.map(Self.quoted).joined(separator: " ")
  }

  /// One word. Quoted where the shell would read anything but the letters themselves.
  package static func quoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.utf8.allSatisfy(isPlain)
    if isPlain { return word }
    let quote = UInt8(ascii: "'")
    var bytes = [quote]
    bytes.reserveCapacity(word.utf8.count + 32)
    for byte in word.utf8 {
      if byte == quote { bytes += "'\\''".utf8 } else { bytes.append(byte) }
    }
    bytes.append(quote)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ","),
      UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "%"):
      true
    default: false
    }
  }
}

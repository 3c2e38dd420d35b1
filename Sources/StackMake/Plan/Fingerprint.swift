import Crypto

/// A SHA-256 digest.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes, big end first in each word.
  package let words: (UInt64, UInt64, UInt64, UInt64)

  package init(of bytes: some Sequence<UInt8>) {
    var hasher = Hasher()
    hasher.update(Array(bytes))
    self = hasher.finish()
  }

  package init(of text: String) {
    self.init(of: Array(text.utf8))
  }

  /// From the 32 bytes of `bytes`; nil for any other number.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for (i, byte) in bytes.enumerated() {
      switch i / 8 {
      case 0: words.0 = words.0 << 8 | UInt64(byte)
      case 1: words.1 = words.1 << 8 | UInt64(byte)
      case 2: words.2 = words.2 << 8 | UInt64(byte)
      default: words.3 = words.3 << 8 | UInt64(byte)
      }
    }
    self.words = words
  }

  package init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for i in stride(from: 0, to: 64, by: 2) {
      guard let byte = UInt8(String(decoding: digits[i..<i + 2], as: UTF8.self), radix: 16) else { return nil }
      bytes.append(byte)
    }
    self.init(bytes: bytes)
  }

  package var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }
  }

  /// 64 hexadecimal digits.
  package var hexadecimal: String { description }

  /// The first 12 hexadecimal digits: enough to tell two apart by eye.
  package var short: String { String(description.prefix(12)) }

  package var description: String {
    [words.0, words.1, words.2, words.3].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  package static func == (a: Fingerprint, b: Fingerprint) -> Bool { a.words == b.words }
  package func hash(into hasher: inout Swift.Hasher) {
    hasher.combine(words.0)
  }

  /// Takes bytes in pieces.
  package struct Hasher {
    private var sha = SHA256()

    package init() {}
    package mutating func update(_ bytes: some Sequence<UInt8>) {
      if bytes.withContiguousStorageIfAvailable({ sha.update(bufferPointer: UnsafeRawBufferPointer($0)) }) == nil {
        Array(bytes).withUnsafeBytes { sha.update(bufferPointer: $0) }
      }
    }
    package mutating func update(_ bytes: UnsafeRawBufferPointer) { sha.update(bufferPointer: bytes) }
    package func finish() -> Fingerprint { Fingerprint(bytes: Array(sha.finalize()))! }
  }
}

/// Stands where swift-crypto's does, so that a fuzzer is built in seconds and not in minutes. The loader
/// compares no fingerprints; this one only tells inputs apart.
public struct SHA256 {
  private var words: [UInt64] = [1, 2, 3, 4]

  /// Of nothing.
  public init() {}

  /// Takes more bytes.
  public mutating func update(bufferPointer: UnsafeRawBufferPointer) {
    for byte in bufferPointer {
      for i in words.indices { words[i] = (words[i] ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
  }

  /// 32 bytes.
  public func finalize() -> [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }
}

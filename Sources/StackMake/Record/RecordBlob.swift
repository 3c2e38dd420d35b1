/// The record's compact form of lists of strings: a format byte, then counts and lengths as
/// base-128 numbers (low bits first), then UTF-8.
///
/// Order is kept: the fingerprint of a manifest depends on it. Maps are written sorted by key,
/// so that the same values always give the same bytes.
enum RecordBlob {
  /// Format 1: count, then for each pair: length of key, key, length of value, value.
  static let format: UInt8 = 1

  /// The bytes aren't what `encode` wrote.
  struct Malformed: Error {}

  static func encode(_ entries: [ManifestEntry]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(entries.reduce(8) { $0 + $1.key.utf8.count + $1.value.utf8.count + 4 })
    bytes.append(format)
    append(entries.count, to: &bytes)
    for entry in entries {
      append(entry.key, to: &bytes)
      append(entry.value, to: &bytes)
    }
    return bytes
  }

  static func encode(_ values: [String: String]) -> [UInt8] {
    encode(values.sorted { $0.key < $1.key }.map { ManifestEntry($0.key, $0.value) })
  }

  static func entries(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> [ManifestEntry] {
    var reader = Reader(bytes: bytes)
    guard try reader.byte() == format else { throw Malformed() }
    let count = try reader.number()
    // Each entry has two lengths at least: a damaged count can't ask for more memory than that.
    guard count <= bytes.count / 2 else { throw Malformed() }
    var entries: [ManifestEntry] = []
    entries.reserveCapacity(count)
    for _ in 0..<count {
      let key = try reader.text()
      entries.append(ManifestEntry(key, try reader.text()))
    }
    guard reader.isAtEnd else { throw Malformed() }
    return entries
  }

  static func values(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> [String: String] {
    var values: [String: String] = [:]
    for entry in try entries(bytes) { values[entry.key] = entry.value }
    return values
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    append(text.utf8.count, to: &bytes)
    bytes.append(contentsOf: text.utf8)
  }

  private static func append(_ number: Int, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    var isAtEnd: Bool { offset == bytes.count }

    mutating func byte() throws(Malformed) -> UInt8 {
      guard offset < bytes.count else { throw Malformed() }
      defer { offset += 1 }
      return bytes[offset]
    }

    mutating func number() throws(Malformed) -> Int {
      var number = 0
      var shift = 0
      while true {
        let next = try byte()
        guard shift < 56 else { throw Malformed() }
        number |= Int(next & 0x7f) << shift
        if next < 0x80 { return number }
        shift += 7
      }
    }

    mutating func text() throws(Malformed) -> String {
      let count = try number()
      guard count <= bytes.count - offset else { throw Malformed() }
      defer { offset += count }
      return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]), as: UTF8.self)
    }
  }
}

/// A range of IPv4 addresses.
struct Subnet: Sendable, Hashable, CustomStringConvertible {
  var base: UInt32
  var length: Int

  init(base: UInt32, length: Int) {
    self.length = length
    self.base = length == 0 ? 0 : base & (~0 << UInt32(32 - length))
  }

  /// `10.1.2.0/24`, or an address alone.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard bytes.count == 4, !bytes.contains(nil), parts.count <= 2 else { return nil }
    var length = 32
    if parts.count == 2 {
      guard let given = Int(parts[1]), (0...32).contains(given) else { return nil }
      length = given
    }
    self.init(base: bytes.reduce(0) { $0 << 8 | UInt32($1 ?? 0) }, length: length)
  }

  func overlaps(_ other: Subnet) -> Bool {
    let shorter = min(length, other.length)
    return Subnet(base: base, length: shorter) == Subnet(base: other.base, length: shorter)
  }

  /// The address so far into it.
  func address(_ offset: UInt32) -> String { Self.text(base + offset) }

  var description: String { "\(Self.text(base))/\(length)" }

  private static func text(_ address: UInt32) -> String {
    [24, 16, 8, 0].map { String(address >> UInt32($0) & 255) }.joined(separator: ".")
  }

  /// Every range that `ip route` and `ip address` name.
  static func ranges(_ taken: String) -> [Subnet] {
    // The default route is no range: everything would be taken.
    taken.split(whereSeparator: \.isWhitespace).compactMap { Subnet($0) }.filter { $0.length > 0 }
  }

  /// A /24 of 10.64.0.0/10, always the same first choice for a seed, that overlaps nothing that is taken.
  /// Nil where all are. `taken` is what `ip route` and `ip address` say; ranges are picked out of it.
  static func choose(seed: UInt32, taken: String) -> Subnet? {
    let ranges = ranges(taken)
    for step in 0..<UInt32(1 << 14) {
      let index = (seed &+ step) & 0x3FFF
      let candidate = Subnet(base: 0x0A40_0000 + index << 8, length: 24)
      if !ranges.contains(where: { $0.overlaps(candidate) }) { return candidate }
    }
    return nil
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Interned names in one buffer of bytes: a number for each, found by open addressing
/// with a slot of 8 bytes (part of the hash, and the number).
package struct NameTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [UInt32] = []
  /// 0 is empty; else the high half is the hash's, the low half the number plus one.
  private var slots: [UInt64]

  package init(capacity: Int = 16) {
    var size = 32
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
    ends.reserveCapacity(capacity)
  }

  package var count: Int { ends.count }

  package subscript(_ number: Int) -> String {
    String(decoding: bytes[range(number)], as: UTF8.self)
  }

  /// The bytes of a name, for sorting and globbing without making a `String`.
  package func withBytes<R>(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try bytes.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[range(number)])) }
  }

  package func find(_ name: String) -> Int? {
    var name = name
    return name.withUTF8 { find($0) }
  }

  package func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    let hash = Self.hash(name)
    let slot = slots[probe(name, hash)]
    return slot == 0 ? nil : Int(UInt32(truncatingIfNeeded: slot)) - 1
  }

  /// The number of `name`, which is new where the table didn't have it.
  package mutating func intern(_ name: String) -> Int {
    var name = name
    return name.withUTF8 { intern($0) }
  }

  package mutating func intern(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    if (ends.count + 1) * 2 > slots.count { grow() }
    let hash = Self.hash(name)
    let at = probe(name, hash)
    if slots[at] != 0 { return Int(UInt32(truncatingIfNeeded: slots[at])) - 1 }
    bytes.append(contentsOf: name)
    ends.append(UInt32(bytes.count))
    slots[at] = UInt64(hash) << 32 | UInt64(ends.count)
    return ends.count - 1
  }

  private func range(_ number: Int) -> Range<Int> {
    (number == 0 ? 0 : Int(ends[number - 1]))..<Int(ends[number])
  }

  /// The slot that holds `name`, or the empty one where it would go.
  private func probe(_ name: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int {
    let mask = slots.count - 1
    var at = Int(hash) & mask
    while slots[at] != 0 {
      if UInt32(slots[at] >> 32) == hash {
        let r = range(Int(UInt32(truncatingIfNeeded: slots[at])) - 1)
        if r.count == name.count, r.isEmpty || isEqual(r, name) { return at }
      }
      at = (at + 1) & mask
    }
    return at
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: 0, count: old.count * 2)
    let mask = slots.count - 1
    for slot in old where slot != 0 {
      var at = Int(slot >> 32) & mask
      while slots[at] != 0 { at = (at + 1) & mask }
      slots[at] = slot
    }
  }

  private func isEqual(_ range: Range<Int>, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + range.lowerBound, name.baseAddress!, name.count) == 0 }
  }

  /// Eight bytes at a time, multiplied and folded so that the low bits, which choose the slot,
  /// depend on every byte.
  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let raw = UnsafeRawBufferPointer(name)
    var hash = UInt64(truncatingIfNeeded: name.count) &* 0x9e37_79b9_7f4a_7c15
    var at = 0
    while at + 8 <= raw.count {
      let mixed = (hash ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 0x9fb2_1c65_1e98_df25
      hash = mixed ^ (mixed >> 32)
      at += 8
    }
    var rest: UInt64 = 0
    while at < raw.count {
      rest = rest << 8 | UInt64(raw[at])
      at += 1
    }
    let mixed = (hash ^ rest) &* 0x9fb2_1c65_1e98_df25
    return UInt32(truncatingIfNeeded: mixed ^ (mixed >> 32) ^ (mixed >> 47))
  }
}

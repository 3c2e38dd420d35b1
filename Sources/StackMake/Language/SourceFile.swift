/// One file that was read: its bytes, and where its lines begin.
package struct SourceFile: Sendable {
  /// Where a file comes from: it decides whose recipe wins, and what its relative paths mean.
  package enum Origin: Hashable, Sendable {
    case user
    /// Built into the program.
    case pack
    /// `NAME=VALUE` words, one a line.
    case commandLine
    /// Contents of a `render` step.
    case rendered
  }

  /// A byte that no text file has.
  enum Flaw: Hashable, Sendable {
    case nul(at: Int)
    case notUTF8(Range<Int>)
  }

  /// As the user knows it: `Stackfile`, `<devstack>`, `command line`.
  package let path: String
  package let bytes: [UInt8]
  package let origin: Origin
  /// Offsets of the first byte of each line, then the offset after the last byte.
  let lineStarts: [UInt32]
  /// The first byte that can't be, if any.
  let flaw: Flaw?

  /// More than that and offsets would not fit.
  package static let largest = 1 << 30

  package init(path: String, bytes: [UInt8], origin: Origin) {
    precondition(bytes.count <= Self.largest, "BUG: file too large")
    self.path = path
    self.bytes = bytes
    self.origin = origin
    (lineStarts, flaw) = bytes.withUnsafeBufferPointer { Self.scan($0) }
  }

  /// Number of lines; a file that ends in a newline has no empty line after it.
  var lineCount: Int { lineStarts.count - 1 }

  /// The bytes of a line, from 0, without its end (LF or CR LF).
  func line(_ number: Int) -> Range<Int> {
    let start = Int(lineStarts[number])
    var end = Int(lineStarts[number + 1])
    if end > start, bytes[end - 1] == Byte.newline {
      end -= 1
      if end > start, bytes[end - 1] == Byte.carriageReturn { end -= 1 }
    }
    return start..<end
  }

  /// The line, from 0, that holds a byte; the last one for the end of the file.
  func lineNumber(at offset: Int) -> Int {
    var low = 0
    var high = max(lineCount - 1, 0)
    while low < high {
      let middle = (low + high + 1) / 2
      if Int(lineStarts[middle]) <= offset { low = middle } else { high = middle - 1 }
    }
    return low
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// Line and column, both from 1, of an offset. `line` spares the search where it is known.
  func location(at offset: Int, line known: Int? = nil) -> SourceLocation {
    let line = known ?? lineNumber(at: offset)
    guard lineCount > 0 else { return SourceLocation(file: path, line: 1, column: 1) }
    let start = Int(lineStarts[line])
    let before = bytes[start..<max(start, min(offset, bytes.count))]
    let column = before.allSatisfy { $0 < 0x80 } ? before.count : String(decoding: before, as: UTF8.self).count
    return SourceLocation(file: path, line: line + 1, column: column + 1)
  }

  /// Line starts and the first flaw in one pass, eight bytes at a time where they are plain.
  private static func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> ([UInt32], Flaw?) {
    var starts: [UInt32] = []
    starts.reserveCapacity(bytes.count / 32 + 2)
    if !bytes.isEmpty { starts.append(0) }
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    let newlines = ones &* UInt64(Byte.newline)
    var isPlain = true
    var at = 0
    let raw = UnsafeRawBufferPointer(bytes)
    while at + 8 <= bytes.count {
      let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      let difference = word ^ newlines
      if (word | ((word &- ones) & ~word)) & highs != 0 { isPlain = false }
      if (difference &- ones) & ~difference & highs != 0 {
        for i in at..<at + 8 where bytes[i] == Byte.newline && i + 1 < bytes.count { starts.append(UInt32(i + 1)) }
      }
      at += 8
    }
    while at < bytes.count {
      if bytes[at] == Byte.newline, at + 1 < bytes.count { starts.append(UInt32(at + 1)) }
      if bytes[at] >= 0x80 || bytes[at] == 0 { isPlain = false }
      at += 1
    }
    starts.append(UInt32(bytes.count))
    return (starts, isPlain ? nil : firstFlaw(bytes))
  }

  /// The first NUL or the first bytes that aren't UTF-8 (RFC 3629: no surrogates, nothing overlong).
  private static func firstFlaw(_ bytes: UnsafeBufferPointer<UInt8>) -> Flaw? {
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if byte == 0 { return .nul(at: at) }
      if byte < 0x80 {
        at += 1
        continue
      }
      let length: Int
      var second: ClosedRange<UInt8> = 0x80...0xBF
      switch byte {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      case 0xF1...0xF3: length = 4
      default: return .notUTF8(at..<at + 1)
      }
      for i in 1..<length {
        let allowed = i == 1 ? second : 0x80...0xBF
        guard at + i < bytes.count, allowed.contains(bytes[at + i]) else { return .notUTF8(at..<at + i) }
      }
      at += length
    }
    return nil
  }
}

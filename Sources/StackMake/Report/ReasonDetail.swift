/// What a reason says down to the byte: the difference of two texts, or two values whole where a clause cuts them.
package struct ReasonDetail: Sendable {
  /// The text of a file that was put, by its digest: as it was built, and as it is now. Nil where it isn't known.
  package var before: @Sendable (Fingerprint) -> String?
  package var now: @Sendable (Fingerprint) -> String?

  package init(
    before: @escaping @Sendable (Fingerprint) -> String?, now: @escaping @Sendable (Fingerprint) -> String?
  ) {
    self.before = before
    self.now = now
  }

  /// Longer values are cut in the clause of a reason.
  private static let shortest = 60

  /// No lines where the clause says all.
  package func lines(_ reason: StaleReason) -> [String] {
    switch reason {
    case .changed(let key, let old?, let new?): return changed(key, old, new)
    case .drift(_, let old, let new) where Self.isCut(old) || Self.isCut(new): return Self.values(old, new)
    case .failedBefore(let message) where Self.isCut(message):
      return message.split(separator: "\n", omittingEmptySubsequences: false).map { Self.visible(String($0)) }
    default: return []
    }
  }

  private func changed(_ key: String, _ old: String, _ new: String) -> [String] {
    if key.hasPrefix("file ") {
      let name = String(key.dropFirst("file ".count))
      if let a = Self.digest(old), let b = Self.digest(new) { return a == b ? [] : put(name, a, b) }
      return Self.difference(name, old, new)
    }
    if key.hasPrefix(Manifest.stepPrefix), Self.isCut(old) || Self.isCut(new) {
      return Self.difference(key, old + "\n", new + "\n")
    }
    return Self.isCut(old) || Self.isCut(new) ? Self.values(old, new) : []
  }

  private func put(_ name: String, _ old: Fingerprint, _ new: Fingerprint) -> [String] {
    guard let after = now(new) else { return ["it is no text, or too long: its bytes aren't compared"] }
    guard let earlier = before(old) else { return ["its text as it was built wasn't kept"] }
    return Self.difference(name, earlier, after)
  }

  private static func difference(_ name: String, _ old: String, _ new: String) -> [String] {
    guard let first = UnifiedDiff.firstDifference(old, new) else { return [] }
    let lines = UnifiedDiff.lines(from: old, to: new, oldName: "\(name) as built", newName: "\(name) now")
    return ["from byte \(first.byte) on (line \(first.line), column \(first.column)):"] + lines.map(visible)
  }

  private static func values(_ old: String, _ new: String) -> [String] {
    if old.contains("\n") || new.contains("\n") { return difference("value", old, new) }
    return ["old: \(visible(old))", "new: \(visible(new))"]
  }

  private static func isCut(_ text: String) -> Bool { text.count > shortest || text.contains("\n") }

  private static func digest(_ value: String) -> Fingerprint? {
    guard value.hasPrefix("sha256:") else { return nil }
    return Fingerprint(hexadecimal: String(value.dropFirst("sha256:".count).prefix(64)))
  }

  /// Control characters as `cat -v` shows them: they can be what changed.
  static func visible(_ line: String) -> String {
    guard line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control && $0 != "\t" }) else {
      return line
    }
    var result = ""
    for scalar in line.unicodeScalars {
      switch scalar.value {
      case 9: result += "\t"
      case 0..<32: result += "^\(Unicode.Scalar(UInt8(scalar.value + 64)))"
      case 127: result += "^?"
      case 128..<160: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension SourceFiles {
  /// The text of the file with that digest.
  package func text(of digest: Fingerprint) -> String? {
    for file in all where file.fingerprint.digest == digest && file.fingerprint.size <= KeptText.longestFile {
      if let text = text(of: file) { return text }
    }
    return nil
  }
}

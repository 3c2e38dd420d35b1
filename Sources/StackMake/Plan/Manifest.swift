/// The ordered list of everything that identifies a target's result.
///
/// First the context (attributes, and the outputs of dependencies), then the steps of the recipe, each followed by
/// the files that it moves. One walk (`ManifestWalk`) makes it, and both the fingerprint and the reasons are read from it, so that what is
/// compared and what is explained can't differ.
///
/// | in it | why |
/// | --- | --- |
/// | settings of a server, by name | another flavor is another server |
/// | outputs of dependencies that count | a new address or generation reaches those that used the old one |
/// | a step's text after resolution, where it runs, `once` | another text is another result |
/// | digest and mode of a file that is put; text of a file that is rendered | likewise |
/// | secrets, as digests | a new password is a change; the record must not hold it |
///
/// | not in it | why |
/// | --- | --- |
/// | order-only dependencies | by definition |
/// | modification times, absolute paths of this machine | another checkout of the same thing is the same thing |
/// | `timeout`, `retries`, `retry`, `pool` | how it is tried doesn't change what comes out |
package struct Manifest: Hashable, Sendable {
  package var entries: [ManifestEntry]
  /// How many of `entries` come before the first step.
  package let contextCount: Int

  package init(entries: [ManifestEntry]) {
    self.entries = entries
    contextCount = entries.firstIndex { $0.key.hasPrefix(Self.stepPrefix) } ?? entries.count
  }

  static let stepPrefix = "step "

  package var fingerprint: Fingerprint {
    var hasher = Fingerprint.Hasher()
    for entry in entries { entry.hash(into: &hasher) }
    return hasher.finish()
  }

  /// For each step the digest of the context, its text and its files: what must be the same for
  /// the step to count as done.
  package var steps: [Fingerprint] {
    var context = Fingerprint.Hasher()
    for entry in entries[..<contextCount] where !entry.isInPlace { entry.hash(into: &context) }
    let contextDigest = context.finish()
    var result: [Fingerprint] = []
    var current: Fingerprint.Hasher?
    for entry in entries[contextCount...] {
      if entry.isStep {
        if let current { result.append(current.finish()) }
        current = Fingerprint.Hasher()
        current!.update(contextDigest.bytes)
      }
      entry.hash(into: &current!)
    }
    if let current { result.append(current.finish()) }
    return result
  }
}

extension ManifestEntry {
  /// Begins the key of an attribute that its kind changes in place: the target is stale, and its steps are not.
  package static let inPlacePrefix = "in-place "
  package var isInPlace: Bool { key.hasPrefix(Self.inPlacePrefix) }

  /// `step 3`: the files that it moves follow it.
  var isStep: Bool { key.hasPrefix(Manifest.stepPrefix) }

  /// Lengths keep ("ab", "c") and ("a", "bc") apart.
  func hash(into hasher: inout Fingerprint.Hasher) {
    for text in [key, value] {
      var length = UInt32(text.utf8.count).littleEndian
      withUnsafeBytes(of: &length) { hasher.update($0) }
      var text = text
      text.withUTF8 { hasher.update(UnsafeRawBufferPointer($0)) }
    }
  }
}

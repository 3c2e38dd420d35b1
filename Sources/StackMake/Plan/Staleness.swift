/// Compares what was recorded with what is now.
package enum Staleness {
  /// Why the target is stale; empty is up to date.
  ///
  /// - Parameters:
  ///   - unfinishedStep: the first step, from 0, that an earlier build left undone; nil where none stopped in the middle.
  package static func reasons(
    _ manifest: Manifest, trace: Trace?, drift: StaleReason?, failure: Failure?, unfinishedStep: Int?, isForced: Bool
  ) -> [StaleReason] {
    var reasons: [StaleReason] = []
    if let trace {
      if let drift { reasons.append(drift) }
      if trace.fingerprint != manifest.fingerprint {
        reasons += differences(from: trace.manifest, to: manifest.entries)
      }
    }
    if let failure {
      reasons.append(.failedBefore(message: failure.error.cause))
    } else if let unfinishedStep {
      reasons.append(.unfinished(step: unfinishedStep))
    } else if trace == nil {
      reasons.append(.neverBuilt)
    }
    if isForced, reasons.isEmpty { reasons.append(.forced) }
    return reasons
  }

  /// What changed, in the order of the new manifest, then what is gone.
  package static func differences(from old: [ManifestEntry], to new: [ManifestEntry]) -> [StaleReason] {
    let before = Dictionary(old.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let after = Dictionary(new.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    var reasons = new.compactMap { entry -> StaleReason? in
      before[entry.key] == entry.value
        ? nil : .changed(key: entry.key, old: before[entry.key], new: entry.value)
    }
    for entry in old where after[entry.key] == nil {
      reasons.append(.changed(key: entry.key, old: entry.value, new: nil))
    }
    // The same lines in another order are another manifest, too.
    if reasons.isEmpty, old != new {
      reasons.append(
        .changed(
          key: "order", old: old.map(\.key).joined(separator: ", "), new: new.map(\.key).joined(separator: ", ")))
    }
    return reasons
  }
}

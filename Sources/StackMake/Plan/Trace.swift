/// One line of a manifest: a thing that identifies a target's result, and its value as text.
package struct ManifestEntry: Hashable, Sendable {
  package var key: String
  package var value: String

  package init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}

/// What the last successful build of a target recorded.
package struct Trace: Hashable, Sendable {
  package var target: String
  package var kind: String
  /// The digest of `manifest`, taken before the build ran.
  package var fingerprint: Fingerprint
  package var manifest: [ManifestEntry]
  /// The values that the target gives its dependents.
  package var outputs: [String: String]
  package var run: Int64
  /// Seconds since 1970.
  package var builtAt: Double
  /// How long the build took, in seconds.
  package var seconds: Double

  package init(
    target: String, kind: String, fingerprint: Fingerprint, manifest: [ManifestEntry], outputs: [String: String],
    run: Int64, builtAt: Double, seconds: Double
  ) {
    self.target = target
    self.kind = kind
    self.fingerprint = fingerprint
    self.manifest = manifest
    self.outputs = outputs
    self.run = run
    self.builtAt = builtAt
    self.seconds = seconds
  }
}

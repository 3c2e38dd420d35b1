/// The target-specific variables that every target knows.
package struct TargetOptions: Hashable, Sendable {
  /// Limit of one step; nil is the default (none for `once`, 1 h else).
  package var timeout: Duration?
  /// How often the whole target is tried again after it failed.
  package var retries: Int
  package var pool: String?
  /// The user whom steps log in as, where it isn't the place's.
  package var user: String?

  package init(timeout: Duration? = nil, retries: Int = 0, pool: String? = nil, user: String? = nil) {
    self.timeout = timeout
    self.retries = retries
    self.pool = pool
    self.user = user
  }

  package static let standard = TargetOptions()
}

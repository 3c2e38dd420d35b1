/// Why the cloud that a Stackfile asks for can't be found, or not as it is written down.
package struct CloudConfigError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file, with the line where it is known, or the variable that is wrong; nil where nothing in particular is.
  package var place: String?
  package var message: String
  package var hint: String?

  package init(at place: String? = nil, _ message: String, hint: String? = nil) {
    self.place = place
    self.message = message
    self.hint = hint
  }

  /// `/etc/openstack/clouds.yaml:3`, the message, and the hint on a line of its own.
  package var description: String {
    let text = cause
    return hint.map { "\(text)\n  hint: \($0)" } ?? text
  }

  /// The same as the cloud itself would say it.
  package var cloudError: CloudError {
    CloudError(.unsupported, operation: "read the cloud's configuration", cause: cause, hint: hint)
  }

  private var cause: String { place.map { "\($0): \(message)" } ?? message }
}

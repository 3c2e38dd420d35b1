/// A password, token or the like: shown nowhere, whatever prints the value that holds it.
package struct Secret: Sendable, Hashable {
  /// The secret itself. Only what goes to the cloud may have it.
  package let text: String

  package init(_ text: String) {
    self.text = text
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  /// `dump` shows children whatever the description says.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// One line of a head. Names are the same in upper and lower case.
package struct HTTPHeader: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  package func isNamed(_ name: String) -> Bool { self.name.lowercased() == name.lowercased() }
}

extension [HTTPHeader] {
  /// The value of the last one of this name.
  package func value(of name: String) -> String? { last { $0.isNamed(name) }?.value }
}

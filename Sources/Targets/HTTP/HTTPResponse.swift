package struct HTTPResponse: Sendable, Hashable {
  package var status: Int
  /// In the order in which they came.
  package var headers: [HTTPHeader]
  /// Unpacked, where it came packed.
  package var body: [UInt8]

  package init(_ status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The value of a header, whatever the case of its name; of several, the last.
  package subscript(name: String) -> String? { headers.value(of: name) }
}

import StackMake

extension JSON {
  /// On one line, with keys in order.
  package var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let number): Int(exactly: number).map { String($0) } ?? "\(number)"
    case .string(let text): JSONText.quoted(text)
    case .array(let array): "[" + array.map(\.text).joined(separator: ",") + "]"
    case .object(let object):
      "{"
        + object.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)):\($0.value.text)" }
        .joined(separator: ",") + "}"
    }
  }
}

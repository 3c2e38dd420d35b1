import FoundationEssentials

/// A JSON value: what services are sent, and what they answer.
///
/// Answers of different versions and makers differ in what they leave out, so they are read by asking for what is needed.
package indirect enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// nil where the bytes aren't JSON.
  package init?(bytes: [UInt8]) {
    guard let value = try? JSONDecoder().decode(JSON.self, from: Data(bytes)) else { return nil }
    self = value
  }

  /// With keys in order, so that the same value is always the same bytes.
  package var bytes: [UInt8] { Array(text.utf8) }

  package subscript(key: String) -> JSON? {
    if case .object(let object) = self { return object[key] }
    return nil
  }

  package var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  package var int: Int? {
    if case .number(let number) = self { return Int(exactly: number) }
    return nil
  }

  package var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  package var array: [JSON]? {
    if case .array(let array) = self { return array }
    return nil
  }

  package var object: [String: JSON]? {
    if case .object(let object) = self { return object }
    return nil
  }
}

extension JSON: Decodable {
  package init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    // Each kind that a value isn't costs an error: the frequent ones first.
    if value.decodeNil() {
      self = .null
    } else if let text = try? value.decode(String.self) {
      self = .string(text)
    } else if let object = try? value.decode([String: JSON].self) {
      self = .object(object)
    } else if let array = try? value.decode([JSON].self) {
      self = .array(array)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else {
      self = .bool(try value.decode(Bool.self))
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .number(Double(value)) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements) { $1 })
  }
}

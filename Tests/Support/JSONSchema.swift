import Foundation

/// Checks JSON against the schemas of a directory: the few keywords of draft 2020-12 that they use. An object whose
/// `properties` are told has no other key, so that what is added to the program must be added to its schema.
public struct JSONSchema: Sendable {
  /// What is wrong, and where.
  public struct Failure: Error, Hashable, CustomStringConvertible {
    /// Where: keys and indexes after slashes.
    public var path: String
    /// What is wrong there.
    public var problem: String
    /// Both.
    public var description: String { "\(path.isEmpty ? "/" : path): \(problem)" }
  }

  /// A value of JSON.
  public indirect enum Value: Decodable, Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Value])
    case object([String: Value])

    /// Any value is one.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode(String.self) {
        self = .string(value)
      } else if let value = try? container.decode([Value].self) {
        self = .array(value)
      } else {
        self = .object(try container.decode([String: Value].self))
      }
    }

    /// Reads one from its text.
    public init(text: String) throws { self = try JSONDecoder().decode(Value.self, from: Data(text.utf8)) }

    /// A field of an object; nil where there is none.
    public subscript(key: String) -> Value? {
      if case .object(let fields) = self { fields[key] } else { nil }
    }
  }

  private static let draft = Value.string("https://json-schema.org/draft/2020-12/schema")
  private let files: [String: Value]

  /// - Parameter files: schemas by their file names.
  /// - Throws: `Failure` where one uses what isn't understood here.
  public init(_ files: [String: Value]) throws {
    self.files = files
    for (name, schema) in files {
      guard schema["$schema"] == Self.draft else { throw Failure(path: name, problem: "isn't of draft 2020-12") }
      try understand(schema, in: name, at: name)
    }
  }

  /// The schemas of a directory.
  public init(directory: String) throws {
    var files: [String: Value] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasSuffix(".json") {
      files[name] = try Value(text: String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8))
    }
    try self.init(files)
  }

  /// The files' names, sorted.
  public var names: [String] { files.keys.sorted() }

  /// Everything that is wrong with a value by the schema in a file.
  public func failures(_ value: Value, _ file: String) -> [Failure] {
    guard let schema = files[file] else { return [Failure(path: file, problem: "no such schema")] }
    return check(value, schema, file, "")
  }

  // What is understood.

  private func understand(_ schema: Value, in file: String, at path: String) throws {
    guard case .object(let keywords) = schema else { throw Failure(path: path, problem: "a schema must be an object") }
    for (keyword, value) in keywords {
      let place = "\(path)/\(keyword)"
      switch (keyword, value) {
      case ("$schema", .string), ("title", .string), ("description", .string), ("const", _), ("enum", .array),
        ("required", .array), ("minimum", .number), ("maxItems", .number):
        continue
      case ("type", .string(let name))
      where ["string", "number", "integer", "boolean", "array", "object"].contains(name):
        continue
      case ("$ref", .string(let text)):
        guard target(text, in: file) != nil else { throw Failure(path: place, problem: "nothing is at \(text)") }
      case ("items", _), ("additionalProperties", _):
        try understand(value, in: file, at: place)
      case ("oneOf", .array(let schemas)):
        for (i, schema) in schemas.enumerated() { try understand(schema, in: file, at: "\(place)/\(i)") }
      case ("properties", .object(let schemas)), ("$defs", .object(let schemas)):
        for (name, schema) in schemas { try understand(schema, in: file, at: "\(place)/\(name)") }
      default: throw Failure(path: place, problem: "isn't understood")
      }
    }
  }

  /// `FILE#/$defs/NAME`, or `#/$defs/NAME` of the file itself.
  private func target(_ reference: String, in file: String) -> (schema: Value, file: String)? {
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasPrefix("/$defs/") else { return nil }
    let name = parts[0].isEmpty ? file : String(parts[0])
    return files[name]?["$defs"]?[String(parts[1].dropFirst("/$defs/".count))].map { ($0, name) }
  }

  // What is checked.

  private func check(_ value: Value, _ schema: Value, _ file: String, _ path: String) -> [Failure] {
    guard case .object(let keywords) = schema else { return [] }
    var failures: [Failure] = []
    func fail(_ problem: String) { failures.append(Failure(path: path, problem: problem)) }
    if case .string(let text)? = keywords["$ref"], let (schema, file) = target(text, in: file) {
      failures += check(value, schema, file, path)
    }
    if case .string(let type)? = keywords["type"], !Self.isOf(type, value) { fail("isn't of type \(type)") }
    if let constant = keywords["const"], constant != value { fail("isn't \(constant)") }
    if case .array(let values)? = keywords["enum"], !values.contains(value) { fail("\(value) is none of \(values)") }
    if case .number(let least)? = keywords["minimum"], case .number(let number) = value, number < least {
      fail("is below \(least)")
    }
    if case .array(let schemas)? = keywords["oneOf"] {
      let all = schemas.map { check(value, $0, file, path) }
      let count = all.count { $0.isEmpty }
      // The one that is nearest says what is wrong.
      if count == 0 { failures += all.min { $0.count < $1.count } ?? [] }
      if count > 1 { fail("is \(count) of what it may be one of") }
    }
    if case .array(let items) = value {
      if case .number(let most)? = keywords["maxItems"], Double(items.count) > most { fail("has too many items") }
      if let schema = keywords["items"] {
        for (i, item) in items.enumerated() { failures += check(item, schema, file, "\(path)/\(i)") }
      }
    }
    if case .object(let fields) = value { failures += check(fields, keywords, file, path) }
    return failures
  }

  private func check(
    _ fields: [String: Value], _ keywords: [String: Value], _ file: String, _ path: String
  ) -> [Failure] {
    var failures: [Failure] = []
    if case .array(let required)? = keywords["required"] {
      for case .string(let key) in required where fields[key] == nil {
        failures.append(Failure(path: path, problem: "has no `\(key)`"))
      }
    }
    let properties: [String: Value]? = if case .object(let known)? = keywords["properties"] { known } else { nil }
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      if let schema = properties?[key] ?? keywords["additionalProperties"] {
        failures += check(value, schema, file, "\(path)/\(key)")
      } else if properties != nil {
        failures.append(Failure(path: path, problem: "has `\(key)`, which the schema doesn't name"))
      }
    }
    return failures
  }

  private static func isOf(_ type: String, _ value: Value) -> Bool {
    switch (type, value) {
    case ("string", .string), ("number", .number), ("boolean", .bool), ("array", .array), ("object", .object): true
    case ("integer", .number(let number)): number == number.rounded()
    default: false
    }
  }
}

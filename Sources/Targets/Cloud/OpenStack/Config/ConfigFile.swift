import Yams

/// A clouds.yaml, secure.yaml or clouds-public.yaml (or .json, which is YAML as well) as a tree.
struct ConfigFile: Sendable {
  var path: String
  /// A map; empty where nothing is written in the file.
  var root: ConfigNode

  /// Aliases of aliases can ask for any number of values.
  private static let limit = 50_000

  init(path: String, bytes: [UInt8]) throws(CloudConfigError) {
    self.path = path
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CloudConfigError(at: path, "isn't UTF-8", hint: "save it as UTF-8")
    }
    let empty = ConfigNode(.map([:]), .file(path: path, key: "", line: 1))
    guard let node = try Self.compose(text, path) else {
      root = empty
      return
    }
    var left = Self.limit
    root = try Self.tree(node, path, "", 1, &left)
    if root.isNull { root = empty }
    guard root.map != nil else {
      throw CloudConfigError(at: root.origin.place, "isn't a map", hint: "its first line is `clouds:`")
    }
  }

  /// What the parser says. Its own description quotes lines of the file, which may hold a password.
  private static func compose(_ text: String, _ path: String) throws(CloudConfigError) -> Node? {
    do {
      return try Parser(yaml: text).singleRoot()
    } catch let error as YamlError {
      let (problem, mark): (String, Mark?) =
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
          .composer(_, let problem, let mark, _):
          (problem, mark)
        case .duplicatedKeysInMapping(let keys, let context):
          ("\(keys.map { "`\($0)`" }.joined(separator: ", ")) twice in one map", context.mark)
        case .reader(let problem, _, _, _): (problem, nil)
        default: ("the parser gave up", nil)
        }
      let place = mark.map { "\(path):\($0.line):\($0.column)" } ?? path
      throw CloudConfigError(at: place, "not valid YAML: \(problem)", hint: "correct the file; indent with spaces only")
    } catch {
      throw CloudConfigError(at: path, "not valid YAML")
    }
  }

  private static func tree(
    _ node: Node, _ path: String, _ key: String, _ line: Int, _ left: inout Int
  ) throws(CloudConfigError) -> ConfigNode {
    left -= 1
    guard left >= 0 else { throw CloudConfigError(at: path, "more than \(limit) values; aliases count in full") }
    let line = node.mark?.line ?? line
    let origin = ConfigOrigin.file(path: path, key: key, line: line)
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain && scalar.tag.description.isEmpty
      return ConfigNode(isPlain ? YAMLScalar.content(scalar.string) : .text(scalar.string), origin)
    case .sequence(let sequence):
      var list: [ConfigNode] = []
      for (index, item) in sequence.enumerated() {
        list.append(try tree(item, path, "\(key)[\(index)]", line, &left))
      }
      return ConfigNode(.list(list), origin)
    case .mapping(let mapping):
      var map: [String: ConfigNode] = [:]
      var merged: [Node] = []
      for (name, value) in mapping {
        guard let word = name.scalar?.string else {
          throw CloudConfigError(at: "\(path):\(name.mark?.line ?? line)", "a key that isn't a word")
        }
        if word == "<<", name.scalar?.style == .plain {
          merged += value.sequence.map(Array.init) ?? [value]
        } else {
          map[word] = try tree(value, path, key.isEmpty ? word : "\(key).\(word)", line, &left)
        }
      }
      // What is written here counts before what is merged in, and an earlier map before a later one.
      for value in merged {
        guard let more = try tree(value, path, key, line, &left).map else {
          throw CloudConfigError(at: "\(path):\(value.mark?.line ?? line)", "`<<` takes maps")
        }
        map.merge(more) { here, _ in here }
      }
      return ConfigNode(.map(map), origin)
    case .alias:
      return ConfigNode(.null, origin)
    }
  }
}

import SystemPackage

/// Paths as they are written in Stackfiles.
enum Paths {
  /// What is before the last `/`; empty for none.
  static func directory(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func lastComponent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  static func join(_ directory: String, _ path: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty || Packs.isPacked(path) { return path }
    return directory.hasSuffix("/") ? directory + path : directory + "/" + path
  }

  /// Without `.`, `..` and doubled `/`, as far as the text tells.
  static func normalized(_ path: String) -> String {
    FilePath(path).lexicallyNormalized().string
  }
}

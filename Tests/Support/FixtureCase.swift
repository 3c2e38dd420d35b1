import FoundationEssentials

/// One Stackfile of a file in Tests/Fixtures, with the text that must become of it.
package struct FixtureCase: Sendable {
  package var name: String
  /// By path; `Stackfile` is the first.
  package var files: [String: String]
  /// `NAME=VALUE` words of the command line.
  package var overrides: [(name: String, value: String)]
  package var expected: String

  /// All cases of the file `name`; none where it can't be read, which `#require` should notice.
  package static func all(_ name: String, besides file: String = #filePath) -> [FixtureCase] {
    let directory = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    guard let bytes = try? Data(contentsOf: URL(filePath: "\(directory)/Fixtures/\(name)")) else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    var cases: [FixtureCase] = []
    var path: String? = "Stackfile"
    for line in lines.dropLast() {
      if line.hasPrefix("=== ") {
        cases.append(
          FixtureCase(name: String(line.dropFirst(4)), files: ["Stackfile": ""], overrides: [], expected: ""))
        path = "Stackfile"
        continue
      }
      guard !cases.isEmpty else { continue }
      let last = cases.count - 1
      if line == "---" {
        path = nil
      } else if path == "Stackfile", line.hasPrefix("@@@ ") {
        cases[last].overrides = line.dropFirst(4).split(separator: " ").map { word in
          let name = word.prefix { $0 != "=" }
          return (String(name), String(word.dropFirst(name.count + 1)))
        }
      } else if path != nil, line.hasPrefix("%%% ") {
        path = String(line.dropFirst(4))
        cases[last].files[path!] = ""
      } else if let path {
        cases[last].files[path, default: ""] += line + "\n"
      } else {
        cases[last].expected += line + "\n"
      }
    }
    return cases
  }
}

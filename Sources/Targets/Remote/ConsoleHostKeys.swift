/// Reads the host keys that cloud-init shows on a machine's console.
package enum ConsoleHostKeys {
  private static let begin = "-----BEGIN SSH HOST KEY KEYS-----"
  private static let end = "-----END SSH HOST KEY KEYS-----"

  /// The keys of the last block; nil while it isn't complete. Lines may carry a prefix such as
  /// `[   12.3] cloud-init[123]: `, and other lines may be mixed in. A block that has begun makes the ones before it
  /// void: a machine that boots anew may show other keys.
  package static func parse(_ console: String) -> [HostKey]? {
    var complete: [HostKey]?
    var open: [HostKey]?
    for line in console.split(whereSeparator: \.isNewline) {
      if line.contains(begin) {
        open = []
        complete = nil
      } else if line.contains(end) {
        if let keys = open, !keys.isEmpty { complete = keys }
        open = nil
      } else if open != nil, let key = key(in: line) {
        open?.append(key)
      }
    }
    return complete
  }

  /// The same for what comes after the last line with this text; nil where no line has it.
  package static func parse(_ console: String, after text: String) -> [HostKey]? {
    let lines = console.split(whereSeparator: \.isNewline)
    guard let start = lines.lastIndex(where: { $0.contains(text) }) else { return nil }
    return parse(lines[(start + 1)...].joined(separator: "\n"))
  }

  private static func key(in line: Substring) -> HostKey? {
    let fields = line.split(whereSeparator: { $0.isWhitespace })
    for index in fields.indices.dropLast() {
      if let key = HostKey.parse("\(fields[index]) \(fields[index + 1])") { return key }
    }
    return nil
  }
}

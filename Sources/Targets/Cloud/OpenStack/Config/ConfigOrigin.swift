/// Where a value of the cloud's configuration was written.
package enum ConfigOrigin: Sendable, Hashable, CustomStringConvertible {
  /// The Stackfile's `cloud =`.
  case stackfile
  /// A word of the command line, as it is typed: `--cloud`.
  case commandLine(String)
  case environment(String)
  /// A key as `clouds.lab.auth.username`, and the line of its value.
  case file(path: String, key: String, line: Int)
  /// Nobody wrote it.
  case standard

  package var description: String {
    switch self {
    case .stackfile: "`cloud` in the Stackfile"
    case .commandLine(let word): "`\(word)`"
    case .environment(let name): "\(name) in the environment"
    case .file(let path, let key, _): "\(path), \(key)"
    case .standard: "the default"
    }
  }

  /// Where an error points to: `/etc/openstack/clouds.yaml:12`.
  var place: String {
    if case .file(let path, _, let line) = self { return "\(path):\(line)" }
    return description
  }
}

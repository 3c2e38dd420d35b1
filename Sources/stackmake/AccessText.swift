import StackMake

/// How to reach what was built, from the variables of the target `access`.
struct AccessText {
  enum Format: String, CaseIterable, Sendable {
    case text, json, openrc
    case cloudsYAML = "clouds.yaml"
  }

  /// A variable that isn't there, and that a format can't do without.
  struct Missing: Error, Hashable {
    var variable: String
  }

  /// In the order in which they are said.
  var values: [(name: String, value: String)]
  /// What the entry of clouds.yaml is called.
  var cluster: String

  func text(_ format: Format) throws(Missing) -> String {
    switch format {
    case .text:
      let width = values.map(\.name.count).max() ?? 0
      return values.map { name, value in
        (value.isEmpty ? name : name + String(repeating: " ", count: width - name.count + 2) + value) + "\n"
      }.joined()
    case .json:
      let fields = values.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }
      return "{\(fields.joined(separator: ","))}\n"
    case .openrc:
      return try settings().map { "export \($0.variable)=\(Self.quoted($0.value))\n" }.joined()
    case .cloudsYAML:
      let settings = try settings()
      // A string of JSON is one of YAML.
      func lines(_ indentation: String, isAuth: Bool) -> String {
        settings.filter { $0.isAuth == isAuth && $0.value != "" }
          .map { "\(indentation)\($0.key): \(JSONText.quoted($0.value))\n" }.joined()
      }
      return "clouds:\n  \(JSONText.quoted(cluster)):\n    auth:\n" + lines("      ", isAuth: true)
        + lines("    ", isAuth: false)
    }
  }

  private struct Setting {
    /// Of the environment.
    var variable: String
    /// Of clouds.yaml.
    var key: String
    var isAuth: Bool
    var value: String
  }

  /// As openstacksdk names them.
  private func settings() throws(Missing) -> [Setting] {
    let known = Dictionary(values.map { ($0.name, $0.value) }) { first, _ in first }
    for name in ["auth_url", "username", "password"] where known[name] == nil { throw Missing(variable: name) }
    var result: [Setting] = []
    func add(_ variable: String, _ key: String, isAuth: Bool, _ value: String?) {
      if let value { result.append(Setting(variable: variable, key: key, isAuth: isAuth, value: value)) }
    }
    add("OS_AUTH_URL", "auth_url", isAuth: true, known["auth_url"])
    add("OS_USERNAME", "username", isAuth: true, known["username"])
    add("OS_PASSWORD", "password", isAuth: true, known["password"])
    add("OS_PROJECT_NAME", "project_name", isAuth: true, known["project_name"])
    add("OS_USER_DOMAIN_NAME", "user_domain_name", isAuth: true, known["user_domain_name"] ?? "Default")
    add("OS_PROJECT_DOMAIN_NAME", "project_domain_name", isAuth: true, known["project_domain_name"] ?? "Default")
    add("OS_REGION_NAME", "region_name", isAuth: false, known["region_name"])
    add("OS_INTERFACE", "interface", isAuth: false, known["interface"])
    add("OS_CACERT", "cacert", isAuth: false, known["cacert"])
    add("OS_IDENTITY_API_VERSION", "identity_api_version", isAuth: false, "3")
    return result
  }

  /// One word for a shell.
  private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}

import StackMake
import SystemPackage

/// Where openstacksdk looks for files: this directory, the user's, the machine's.
struct ConfigPlaces: Sendable {
  let fileSystem: any FileSystem
  let environment: [String: String]
  let directory: FilePath
  let home: FilePath?

  private static let suffixes = ["yaml", "yml", "json"]

  /// In the order in which they count.
  var directories: [FilePath] {
    var list = [directory]
    if let xdg = environment["XDG_CONFIG_HOME"], xdg.contains(where: { !$0.isWhitespace }) {
      list.append(directory.pushing(FilePath(xdg)).appending("openstack"))
    }
    if let home { list.append(home.appending(".config").appending("openstack")) }
    list += ["/etc/xdg/openstack", "/etc/openstack"]
    return list
  }

  /// The first that is there and can be opened, of `override` and of every `stem` in every directory.
  ///
  /// openstacksdk passes over a file that isn't valid too; here it is an error, since what comes after is another cloud.
  func first(_ stem: String, override: String?) throws(CloudConfigError) -> ConfigFile? {
    var paths = override.flatMap { $0.isEmpty ? nil : [directory.pushing(FilePath($0))] } ?? []
    for place in directories { paths += Self.suffixes.map { place.appending("\(stem).\($0)") } }
    for path in paths {
      guard (try? fileSystem.kind(of: path)) == .file, let bytes = try? fileSystem.read(path) else { continue }
      return try ConfigFile(path: path.string, bytes: bytes)
    }
    return nil
  }

  /// `clouds.yaml (or .yml, .json) in /a, /b, /c; can't read /etc/openstack/clouds.yaml: Permission denied`
  func told(_ stem: String, override: String?) -> String {
    var text = "\(stem).yaml (or .yml, .json) in " + directories.map(\.string).joined(separator: ", ")
    var paths: [FilePath] = []
    if let override, !override.isEmpty {
      text = "\(override), " + text
      paths.append(directory.pushing(FilePath(override)))
    }
    for place in directories { paths += Self.suffixes.map { place.appending("\(stem).\($0)") } }
    for path in paths {
      do {
        if try fileSystem.kind(of: path) != nil { _ = try fileSystem.read(path) }
      } catch {
        text += "; can't read \(error)"
      }
    }
    return text
  }

  /// A file that a setting names: `~` is the user's home, and what isn't absolute is in this directory.
  func file(_ text: String) -> FilePath {
    if let home, text == "~" || text.hasPrefix("~/") {
      return home.pushing(FilePath(String(text.dropFirst(2))))
    }
    return directory.pushing(FilePath(text))
  }
}

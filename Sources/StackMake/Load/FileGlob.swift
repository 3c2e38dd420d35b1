import SystemPackage

/// Globs over files: each component for itself, names that begin with `.` only where the glob says so.
enum FileGlob {
  /// The paths that match, sorted by bytes.
  static func expand(_ glob: String, in fileSystem: any FileSystem) throws(FileError) -> [String] {
    let isAbsolute = glob.hasPrefix("/")
    var found = [isAbsolute ? "/" : ""]
    let components = glob.split(separator: "/")
    for (i, component) in components.enumerated() {
      let component = String(component)
      let isLast = i == components.count - 1
      var next: [String] = []
      for directory in found {
        for name in try names(component, directory, in: fileSystem) {
          let path = Paths.join(directory, name)
          if isLast {
            next.append(path)
          } else if try fileSystem.kind(of: FilePath(path)) == .directory {
            next.append(path)
          }
        }
      }
      found = next
    }
    return components.isEmpty ? [] : found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func names(
    _ component: String, _ directory: String, in fileSystem: any FileSystem
  ) throws(FileError) -> [String] {
    guard Glob.isGlob(component.utf8) else {
      let path = FilePath(Paths.join(directory, component))
      return try fileSystem.kind(of: path) == nil ? [] : [component]
    }
    let path = FilePath(directory.isEmpty ? "." : directory)
    guard try fileSystem.kind(of: path) == .directory else { return [] }
    return try fileSystem.list(path).filter { name in
      (!name.hasPrefix(".") || component.hasPrefix(".")) && Glob.matches(component, name)
    }
  }
}

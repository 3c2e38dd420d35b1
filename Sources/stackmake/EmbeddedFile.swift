/// Files of `Pages/`, which ship inside the program.
enum EmbeddedFile {
  static func text(_ name: String, in directory: String) -> String {
    guard let file = pageFiles.first(where: { $0.pack == directory && $0.name == name }) else {
      preconditionFailure("BUG: no file \(directory)/\(name) is in the program")
    }
    return file.text
  }
}

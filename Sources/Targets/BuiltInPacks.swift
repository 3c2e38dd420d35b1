package import StackMake

extension Packs {
  /// The packs that ship inside the program: a directory in `Packs/` for each.
  package static let builtIn: Packs = {
    var files: [String: [String: Packs.File]] = [:]
    for file in packFiles { files[file.pack, default: [:]][file.name] = Packs.File(file.text, mode: file.mode) }
    return Packs(files)
  }()
}

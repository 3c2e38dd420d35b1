import Foundation

/// Writes a Swift file that holds every file of a directory of directories, under a name.
///
/// usage: PackEmbedder DIRECTORY NAME OUTPUT
@main struct PackEmbedder {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else {
      throw CocoaError(
        .featureUnsupported, userInfo: [NSLocalizedDescriptionKey: "usage: PackEmbedder DIRECTORY NAME OUTPUT"])
    }
    let text = try text(of: URL(filePath: arguments[1]), as: arguments[2])
    let (data, output) = (Data(text.utf8), URL(filePath: arguments[3]))
    // Written again, it would be compiled again: SwiftPM runs this far more often than there is anything new.
    if (try? Data(contentsOf: output)) != data { try data.write(to: output) }
  }

  /// `let NAME: [(pack: String, name: String, mode: UInt16, text: String)]`
  static func text(of packs: URL, as name: String) throws -> String {
    var text = "let \(name): [(pack: String, name: String, mode: UInt16, text: String)] = [\n"
    let manager = FileManager.default
    for pack in try manager.contentsOfDirectory(atPath: packs.path).sorted() where !pack.hasPrefix(".") {
      let directory = packs.appending(path: pack)
      for name in try manager.contentsOfDirectory(atPath: directory.path).sorted() where !name.hasPrefix(".") {
        let file = directory.appending(path: name)
        let contents = try String(contentsOf: file, encoding: .utf8)
        let mode = isExecutable(file) ? "0o755" : "0o644"
        text += "  (\"\(pack)\", \"\(name)\", \(mode), \(String(reflecting: contents))),\n"
      }
    }
    return text + "]\n"
  }

  /// By its mode: to root all is executable.
  private static func isExecutable(_ file: URL) -> Bool {
    let mode = (try? FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]) as? Int
    return (mode ?? 0) & 0o100 != 0
  }
}

import ArgumentParser
import StackMake
import Targets

/// `stackmake pack [NAME [FILE]]`
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack", abstract: "Show the packs that `include <NAME>` reads, or a file of one.",
    discussion: """
      Without a name: the packs. With one: its Stackfile, then the names of its other files. With a file: that file. \
      What a pack sets with ?= your Stackfile may set; a recipe of yours for the same target goes before the pack's.
      """)

  @Argument(help: ArgumentHelp("A pack.", valueName: "pack"))
  var name: String?

  @Argument(help: ArgumentHelp("A file of it.", valueName: "pack-file"))
  var file: String?

  func run() throws {
    let packs = Packs.builtIn
    guard let name else {
      Console.write(packs.names.map { "\($0)\n" }.joined(), to: .standardOutput)
      return
    }
    guard let files = packs.files(of: name) else {
      Console.error("stackmake: error: no pack is called `\(name)`: there are \(packs.names.joined(separator: ", "))")
      throw ExitStatusError.wrongUse
    }
    guard let bytes = packs.file(file ?? Packs.stackfile, in: name)?.bytes else {
      Console.error(
        "stackmake: error: pack `\(name)` has no file `\(file ?? Packs.stackfile)`: it has \(files.joined(separator: ", "))"
      )
      throw ExitStatusError.wrongUse
    }
    Console.write(String(decoding: bytes, as: UTF8.self), to: .standardOutput)
    if file == nil, files.count > 1 {
      Console.error(
        "stackmake: other files of <\(name)>: \(files.filter { $0 != Packs.stackfile }.joined(separator: ", "))")
    }
  }
}

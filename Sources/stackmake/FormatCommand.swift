import ArgumentParser
import Glibc
import StackMake
import SystemPackage

/// `stackmake fmt [--check] [FILE…]`
struct FormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt", abstract: "Lay Stackfiles out in one style: blanks change, comments and meaning stay.",
    discussion: "Prints the names of the files that changed. Exit status 1: --check, and a file would change.")

  @OptionGroup var common: CommonOptions

  @Flag(name: .long, help: "Change nothing, name the files that would change.")
  var check = false

  @Argument(help: ArgumentHelp("Files; the Stackfile unless given.", valueName: "file"))
  var files: [String] = []

  func run() throws {
    let stackfile = try Session.stackfile(common)
    let directory = stackfile.removingLastComponent()
    let paths =
      files.isEmpty
      ? [(name: stackfile.lastComponent?.string ?? "Stackfile", path: stackfile)]
      : files.map { (name: $0, path: directory.pushing(FilePath($0))) }
    var isWrong = false
    var hasChanges = false
    for (name, path) in paths {
      do throws(FileError) {
        let bytes = try LocalFileSystem(directory: directory).read(path)
        guard bytes.count <= SourceFile.largest else { throw FileError(path: name, errno: .fileTooLarge) }
        var sources = SourceMap()
        let number = sources.add(SourceFile(path: name, bytes: bytes, origin: .user))
        let (formatted, diagnostics) = StackfileFormatter.format(sources[number], number: number)
        if !diagnostics.isEmpty {
          Console.write(DiagnosticRenderer(sources: sources).render(diagnostics), to: .standardError)
          isWrong = true
        } else if formatted != bytes {
          hasChanges = true
          if !check { try Self.replace(path, with: formatted) }
          Console.line(name)
        }
      } catch {
        Console.error("stackmake: error: \(error)")
        isWrong = true
      }
    }
    if isWrong { throw ExitStatusError.wrongUse }
    if check, hasChanges { throw ExitStatusError.stale }
  }

  /// A file that is whole at any time, under the name and with the mode of the one before; links to it stay.
  private static func replace(_ path: FilePath, with bytes: [UInt8]) throws(FileError) {
    guard let resolved = realpath(path.string, nil) else {
      throw FileError(path: path.string, errno: Errno(rawValue: errno))
    }
    defer { free(resolved) }
    let file = String(cString: resolved)
    let temporary = "\(file).fmt-\(getpid())"
    do {
      let mode = try Stat(FilePath(file)).permissions
      let descriptor = try FileDescriptor.open(
        FilePath(temporary), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: mode)
      try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
      guard chmod(temporary, mode.rawValue) == 0, rename(temporary, file) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      unlink(temporary)
      throw FileError(path: path.string, errno: error as? Errno ?? .ioError)
    }
  }
}

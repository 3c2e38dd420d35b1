package import StackMake
import SystemPackage

/// What every `FileSystem` must do, checked on one that holds the files of `FileSystemContract.files` below `root`.
package struct FileSystemContract {
  /// Paths below the root, with contents and modes.
  package static let files: [(path: String, text: String, mode: UInt16)] = [
    ("a.txt", "first", 0o644), ("dir/b.sh", "#!/bin/sh\n", 0o755), ("dir/c", "", 0o600), ("dir/sub/d", "deep", 0o644),
    ("été/ü", "names are bytes", 0o644),
  ]

  private let fileSystem: any FileSystem
  private let root: String

  package init(_ fileSystem: any FileSystem, root: String) {
    self.fileSystem = fileSystem
    self.root = root
  }

  private func path(_ name: String) -> FilePath { FilePath(root.isEmpty ? name : "\(root)/\(name)") }

  /// What doesn't hold; empty where all does.
  package func violations() -> [String] {
    var found: [String] = []
    func check(_ claim: String, _ isTrue: Bool) {
      if !isTrue { found.append(claim) }
    }
    for file in Self.files {
      check("reads \(file.path)", bytes(file.path) == .success(Array(file.text.utf8)))
      check("\(file.path) is a file", kind(file.path) == .success(.file))
      let expected = FileFingerprint(
        digest: Fingerprint(of: file.text), size: Int64(file.text.utf8.count), mode: file.mode)
      check("takes the fingerprint of \(file.path)", fingerprint(file.path) == .success(expected))
    }
    check("a directory is one", kind("dir/sub") == .success(.directory))
    check("nothing is nil", kind("nothing") == .success(nil))
    check("nothing below a file is nil", kind("a.txt/below") == .success(nil))
    check("`..` goes up", bytes("dir/sub/../c") == .success([]))
    check("lists sorted by bytes", list("dir") == .success(["b.sh", "c", "sub"]))
    check("lists other letters", list("été") == .success(["ü"]))
    check("absent files can't be read", bytes("nothing") == .failure(.noSuchFileOrDirectory))
    check("absent files have no fingerprint", fingerprint("nothing") == .failure(.noSuchFileOrDirectory))
    check("directories can't be read", bytes("dir") == .failure(.isDirectory))
    check("directories have no fingerprint", fingerprint("dir") == .failure(.isDirectory))
    check("absent directories can't be listed", list("nothing") == .failure(.noSuchFileOrDirectory))
    check("files can't be listed", list("a.txt") == .failure(.notDirectory))
    do throws(FileError) {
      _ = try fileSystem.read(path("nothing"))
    } catch {
      check("errors name the path as it was given", error.path == path("nothing").string)
    }
    return found
  }

  private func result<T>(_ body: () throws(FileError) -> T) -> Result<T, Errno> {
    do throws(FileError) { return .success(try body()) } catch { return .failure(error.errno) }
  }

  private func bytes(_ name: String) -> Result<[UInt8], Errno> {
    result { () throws(FileError) in try fileSystem.read(path(name)) }
  }
  private func kind(_ name: String) -> Result<FileKind?, Errno> {
    result { () throws(FileError) in try fileSystem.kind(of: path(name)) }
  }
  private func list(_ name: String) -> Result<[String], Errno> {
    result { () throws(FileError) in try fileSystem.list(path(name)) }
  }
  private func fingerprint(_ name: String) -> Result<FileFingerprint, Errno> {
    result { () throws(FileError) in try fileSystem.fingerprint(path(name)) }
  }
}

import FoundationEssentials
import StackMake
import Support
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct FileSystemTests {
  @Test func inMemory() {
    let files = InMemoryFileSystem(
      Dictionary(
        uniqueKeysWithValues: FileSystemContract.files.map { file in
          (file.path, InMemoryFileSystem.File(file.text, mode: file.mode))
        }))
    #expect(FileSystemContract(files, root: "").violations() == [])
    #expect(files.reads.contains("dir/c"))
  }

  @Test func inMemoryFaults() {
    let files = InMemoryFileSystem(texts: ["a": "text"])
    files.fail("a", .permissionDenied)
    #expect(throws: FileError(path: "a", errno: .permissionDenied)) { () throws(FileError) in try files.read("a") }
  }

  @Test func local() throws {
    try withDirectory { (root) throws in
      for file in FileSystemContract.files {
        let path = "\(root)/\(file.path)"
        let directory = String(path[..<path.lastIndex(of: "/")!])
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(file.text.utf8).write(to: URL(filePath: path))
        #expect(chmod(path, mode_t(file.mode)) == 0)
      }
      #expect(FileSystemContract(LocalFileSystem(directory: FilePath(root)), root: "").violations() == [])
      #expect(FileSystemContract(LocalFileSystem(directory: "/nowhere"), root: root).violations() == [])
    }
  }

  /// A pipe without a writer would keep whoever opens it waiting for ever.
  @Test(.timeLimit(.minutes(1))) func pipesAreRefused() throws {
    try withDirectory { (root) throws in
      #expect(mkfifo("\(root)/pipe", 0o600) == 0)
      let files = LocalFileSystem(directory: FilePath(root))
      #expect(try files.kind(of: "pipe") == .other)
      #expect(throws: FileError(path: "pipe", errno: .invalidArgument)) { () throws(FileError) in
        try files.read("pipe")
      }
    }
  }

  @Test func largeFilesAreReadInPieces() throws {
    try withDirectory { (root) throws in
      let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try Data(bytes).write(to: URL(filePath: "\(root)/large"))
      let files = LocalFileSystem(directory: FilePath(root))
      #expect(try files.read("large") == bytes)
      #expect(try files.fingerprint("large").digest == Fingerprint(of: bytes))
    }
  }

  private func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("\(FileManager.default.temporaryDirectory.path())/stackmake-XXXXXX".utf8CString)
    let root = String(cString: try #require(mkdtemp(&template)))
    defer { try? FileManager.default.removeItem(atPath: root) }
    try body(root)
  }
}

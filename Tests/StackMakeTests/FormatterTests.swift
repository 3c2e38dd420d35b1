import Foundation
import StackMake
import Testing

@Suite struct FormatterTests {
  private func source(_ bytes: [UInt8]) -> SourceFile { SourceFile(path: "Stackfile", bytes: bytes, origin: .user) }

  private func format(_ text: String) -> String {
    let (bytes, diagnostics) = StackfileFormatter.format(source(Array(text.utf8)), number: 0)
    #expect(diagnostics.isEmpty)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(
    arguments: [
      ("", ""), ("\n\n", ""), ("x=1", "x = 1\n"),
      ("x   = 1  # why  \ny  ?=2\nz+=  3\n", "x   = 1  # why\ny  ?= 2\nz += 3\n"),
      ("x =\t1\r\n\r\n\r\n\r\ny = 2\r\n", "x = 1\n\ny = 2\n"), ("x = \\\n   1\n", "x = \\\n   1\n"),
      ("a  b :  c   d|e  # f\n", "a b: c d | e  # f\n"), ("a  +:\n  b\n", "a +:\n    b\n"),
      ("a %/b:x=1\n", "a %/b: x = 1\n"), ("a:\n\tone\n\n\ttwo  \n", "a:\n    one\n\n    two\n"),
      ("a:\n  cat <<E\n    x\n      y\n    E\n", "a:\n    cat <<E\n      x\n        y\n      E\n"),
      ("a:\n\tonce\n\t\tx\n\t\t\ty\n", "a:\n    once\n            x\n            \ty\n"),
      ("a:\n  x \\\n y\n  z\n# c\nb:\n", "a:\n    x \\\n   y\n    z\n# c\nb:\n"),
      ("a:\n  # why\n  x\n# c\n  y\n", "a:\n    # why\n    x\n# c\n    y\n"),
      ("layout:\n  web  flavor=a\n     zone=b\n", "layout:\n    web  flavor=a\n       zone=b\n"),
    ])
  func style(_ text: String, _ expected: String) {
    #expect(format(text) == expected)
    #expect(format(expected) == expected)
  }

  @Test func whatCannotBeReadStays() {
    let bytes = Array("x  =1\n  lost\n".utf8)
    let (formatted, diagnostics) = StackfileFormatter.format(source(bytes), number: 0)
    #expect(formatted == bytes)
    #expect(diagnostics.map(\.kind) == [.orphanIndent])
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The Stackfiles of this repository, and the fuzzer's corpus.
  private static let files: [String] = {
    var files: [String] = []
    for folder in ["Stackfile", "Benchmarks", "Sources/Targets/Packs", "Tests/Packs", "Tests/Cloud", "examples"] {
      if folder == "Stackfile" { files.append(folder) }
      for case let name as String in FileManager.default.enumerator(atPath: root.appending(path: folder).path)
        ?? FileManager.DirectoryEnumerator()
      where name.hasSuffix("Stackfile") {
        files.append("\(folder)/\(name)")
      }
    }
    let corpus = try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Tests/Fuzz/corpus").path)
    return files + (corpus ?? []).sorted().map { "Tests/Fuzz/corpus/\($0)" }
  }()

  @Test func filesAreThere() { #expect(Self.files.count > 45) }

  @Test(arguments: files) func meaningStays(_ file: String) throws {
    let bytes = [UInt8](try Data(contentsOf: Self.root.appending(path: file)))
    // Other ends of lines and other indentation are other ways through.
    let text = String(decoding: bytes, as: UTF8.self)
    let wider = text.replacing(/\n {4}/, with: "\n\t").replacing("=", with: " =  ")
    for variant in [text, text.replacing("\n", with: "\r\n"), wider] {
      let before = source(Array(variant.utf8))
      let (once, diagnostics) = StackfileFormatter.format(before, number: 0)
      guard diagnostics.isEmpty else { continue }
      #expect(StackfileFormatter.meaning(of: source(once)) == StackfileFormatter.meaning(of: before))
      #expect(StackfileFormatter.format(source(once), number: 0).bytes == once)
      // It isn't merely given back as it was.
      if !once.isEmpty { #expect(!once.contains(UInt8(ascii: "\r"))) }
    }
  }
}

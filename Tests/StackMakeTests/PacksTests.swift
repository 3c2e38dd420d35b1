import StackMake
import Support
import SystemPackage
import Testing

@Suite struct PacksTests {
  private static let packs = Packs([
    "web": [
      "Stackfile": Packs.File("page ?= home\nstacked/%:\n    put <web>/serve serve\n    render <web>/page.html page.html\n"),
      "serve": Packs.File("#!/bin/sh\n", mode: 0o755), "page.html": Packs.File("{{ page }} of {{ server }}\n"),
    ]
  ])

  private static let files = PackFileSystem(packs, over: InMemoryFileSystem(texts: ["own.txt": "mine"]))

  @Test func filesOfAPackAreRead() throws {
    let files = Self.files
    #expect(try files.read("<web>/serve") == Array("#!/bin/sh\n".utf8))
    #expect(try files.fingerprint("<web>/serve").mode == 0o755)
    #expect(try files.kind(of: "<web>") == .directory)
    #expect(try files.kind(of: "<web>/serve") == .file)
    #expect(try files.kind(of: "<web>/nothing") == nil)
    #expect(try files.list("<web>") == ["Stackfile", "page.html", "serve"])
    #expect(try files.read("own.txt") == Array("mine".utf8))
  }

  @Test(arguments: [
    ("<web>", Errno.isDirectory), ("<web>/nothing", .noSuchFileOrDirectory), ("<other>/serve", .noSuchFileOrDirectory),
  ])
  func whatIsNotThereIsAnError(_ path: String, _ errno: Errno) {
    #expect(throws: FileError(path: path, errno: errno)) { try Self.files.read(FilePath(path)) }
  }

  @Test func aPacksRecipesUseItsFiles() throws {
    let own = InMemoryFileSystem(texts: ["Stackfile": "include <web>\npage = mine\nlayout:\n    a\n"])
    let result = Loader(
      fileSystem: PackFileSystem(Self.packs, over: own), dialect: .small, packs: Self.packs.stackfiles
    ).load("Stackfile")
    #expect(DiagnosticRenderer(sources: result.sources).render(result.diagnostics) == "")
    let graph = try #require(result.graph)
    let recipe = graph.recipe(try #require(graph.target(named: "stacked/a")))
    guard case .put(let put) = recipe[0].body, case .render(_, let rendered) = recipe[1].body else {
      Issue.record("\(recipe)")
      return
    }
    #expect(put.source == "<web>/serve")
    #expect(rendered.map(\.contents.literal) == ["mine of a\n"])
    let (files, errors) = SourceFiles.read(graph.targets, in: graph, from: PackFileSystem(Self.packs, over: own))
    #expect(errors.isEmpty)
    #expect(files.files(of: "<web>/serve").first?.bytes == Array("#!/bin/sh\n".utf8))
  }

  @Test func aFileThatAPackHasNotIsSaid() throws {
    let own = InMemoryFileSystem(texts: ["Stackfile": "x:\n    put <web>/serv serve\n"])
    let result = Loader(fileSystem: PackFileSystem(Self.packs, over: own), dialect: .small).load("Stackfile")
    #expect(
      DiagnosticRenderer(sources: result.sources).render(result.diagnostics).contains("`<web>/serv`"),
      "\(result.diagnostics)")
  }

  @Test func aPacksFilesAreListedStackfileFirst() {
    #expect(Self.packs.files(of: "web") == ["Stackfile", "page.html", "serve"])
    #expect(Self.packs.files(of: "wob") == nil)
  }
}

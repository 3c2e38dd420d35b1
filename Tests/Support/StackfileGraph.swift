package import StackMake

/// A Stackfile of a test that doesn't load: what the loader says of it.
package struct StackfileProblem: Error, CustomStringConvertible {
  package let description: String
}

extension Graph {
  /// The graph of a Stackfile, in the dialect of tests.
  package static func stackfile(
    _ text: String, files: InMemoryFileSystem = InMemoryFileSystem(), dialect: Dialect = .small,
    overrides: [(name: String, value: String)] = []
  ) throws -> Graph {
    files.write("Stackfile", InMemoryFileSystem.File(text))
    let result = Loader(fileSystem: files, dialect: dialect, overrides: overrides).load("Stackfile")
    guard let graph = result.graph else {
      throw StackfileProblem(description: DiagnosticRenderer(sources: result.sources).render(result.diagnostics))
    }
    return graph
  }
}

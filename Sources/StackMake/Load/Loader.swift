/// Reads a Stackfile with all that it includes, and makes the graph of it.
package struct Loader: Sendable {
  /// What keeps a few lines of text from asking for more than a machine has.
  package struct Limits: Sendable {
    /// Servers in the layout, and the largest `count=`.
    package var places = 10_000
    /// Files of one `render` step.
    package var files = 10_000
    /// Bytes of one resolved text.
    package var text = 4 << 20
    /// Variables that stand in one another's values, and nested includes.
    package var depth = 100

    package init() {}
  }

  private let fileSystem: any FileSystem
  private let dialect: Dialect
  private let packs: [String: [UInt8]]
  private let environment: [String: String]
  private let overrides: [(name: String, value: String)]
  private let asked: [String]
  package var limits = Limits()

  /// - Parameters:
  ///   - fileSystem: what paths are taken from.
  ///   - dialect: what the engine doesn't know of names.
  ///   - packs: bytes of the Stackfiles that `include <NAME>` gives, by name.
  ///   - environment: for `{{ env NAME }}`.
  ///   - overrides: `NAME=VALUE` words of the command line; the last of a name counts.
  ///   - asked: names that are targets where a pattern matches them, also where the layout has no such place.
  package init(
    fileSystem: any FileSystem, dialect: Dialect, packs: [String: [UInt8]] = [:],
    environment: [String: String] = [:], overrides: [(name: String, value: String)] = [], asked: [String] = []
  ) {
    self.asked = asked
    self.fileSystem = fileSystem
    self.dialect = dialect
    self.packs = packs
    self.environment = environment
    self.overrides = overrides
  }

  /// The graph of the Stackfile at `path`, or everything that is wrong with it.
  package func load(_ path: String) -> LoadResult {
    var loading = Loading(
      fileSystem: fileSystem, dialect: dialect, packs: packs, environment: environment, limits: limits)
    loading.asked = Set(asked)
    return loading.load(path, overrides: overrides)
  }
}

package struct LoadResult: Sendable {
  /// nil where there is any diagnostic.
  package var graph: Graph?
  /// In the order of files and lines.
  package var diagnostics: [Diagnostic]
  /// What the ranges of `diagnostics` refer to.
  package var sources: SourceMap
  /// The variables of the environment that anything in the graph was made of.
  package var environmentUsed: Set<String>
}

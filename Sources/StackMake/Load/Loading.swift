import SystemPackage

/// One load under way: what was read so far, and what was found wrong.
///
/// The phases are in extensions, in this order: includes, layout, targets, edges, recipes.
struct Loading {
  let fileSystem: any FileSystem
  let dialect: Dialect
  let packs: [String: [UInt8]]
  let environment: [String: String]
  let limits: Loader.Limits

  var sources = SourceMap()
  /// By the number of the file; what is rendered comes after them.
  var trees: [Syntax] = []
  private(set) var diagnostics: [Diagnostic] = []
  private var reported: Set<Diagnostic> = []
  var nearest = NearestName()
  /// Names that were in broken statements: using them is no further error.
  var broken: Set<String> = []
  /// A file is missing, so that any name may be declared in it.
  var isIncomplete = false

  var rules: [LoadedRule] = []
  var variables = VariableTable()
  var secrets: [String] = []
  var secretRanges: [String: SourceRange] = [:]
  var pools: [String: (size: Int, range: SourceRange)] = [:]
  var targetVariables: [LoadedTargetVariable] = []
  /// Names of all target-specific variables.
  var specificNames: Set<String> = []

  var layout = LayoutTable()
  var targets = TargetTable()
  /// By target: the place that it runs at, whether its kind runs scripts once, and whether globs pass it by.
  var places: [Int?] = []
  var isOnceKind: [Bool] = []
  var isApart: [Bool] = []
  /// By place: the target that stands for it.
  var placeTargets: [Int?] = []
  var builder = GraphBuilder()
  var shared = SharedRecipes()
  /// Names that are targets where a pattern matches them.
  var asked: Set<String> = []
  /// Targets whose results are used in `{{ result TARGET }}`.
  var givers: Set<Int> = []
  /// Names in `{{ env NAME }}`.
  var environmentUsed: Set<String> = []
  var renderedFiles: [String: TemplateSyntax?] = [:]
  var sourceListings: [String: [SourceEntry]] = [:]

  init(
    fileSystem: any FileSystem, dialect: Dialect, packs: [String: [UInt8]], environment: [String: String],
    limits: Loader.Limits
  ) {
    self.fileSystem = fileSystem
    self.dialect = dialect
    self.packs = packs
    self.environment = environment
    self.limits = limits
  }

  mutating func load(_ path: String, overrides: [(name: String, value: String)]) -> LoadResult {
    readStackfile(path)
    readOverrides(overrides)
    for (name, value) in dialect.defaults.sorted(by: { $0.key < $1.key }) where variables.find(name) == nil {
      variables.define(literal: value, name: name)
    }
    checkVariableNames()
    readLayout()
    readPools()
    declareTargets()
    connectTargets()
    resolveTargets()
    resolveVariables()
    return finish()
  }

  private mutating func finish() -> LoadResult {
    var graph: Graph?
    builder.places = layout.places
    builder.placePrefix = dialect.placePrefix
    builder.pools = pools.mapValues(\.size)
    builder.secrets = secrets
    builder.resultTargets = Set(givers.map { TargetID($0) })
    builder.apartKinds = dialect.apartKinds
    do throws(GraphBuilder.Cycle) {
      graph = try builder.build()
    } catch {
      report(.dependencyCycle(error.names), targets.names.find(error.names[0]).map { targets.ranges[$0] })
    }
    let sorted = diagnostics.enumerated().sorted { a, b in
      guard let first = a.element.range, let second = b.element.range else {
        return (a.element.range == nil ? 0 : 1, a.offset) < (b.element.range == nil ? 0 : 1, b.offset)
      }
      return (first.file, first.start, a.offset) < (second.file, second.start, b.offset)
    }
    return LoadResult(
      graph: diagnostics.isEmpty ? graph : nil, diagnostics: sorted.map(\.element), sources: sources,
      environmentUsed: environmentUsed)
  }

  /// Keeps a diagnostic, once.
  mutating func report(_ kind: Diagnostic.Kind, _ range: SourceRange?) {
    report(Diagnostic(kind, at: range))
  }

  mutating func report(_ diagnostic: Diagnostic) {
    if reported.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
  }

  /// Whether an unknown `name` follows from another error.
  func isExcused(_ name: String) -> Bool { isIncomplete || broken.contains(name) }
}

/// A rule of any file, in the order of reading.
struct LoadedRule {
  var file: UInt32
  /// In its tree.
  var index: UInt32
  var isPack: Bool
  /// Declares places (`layout:`): its lines aren't a recipe.
  var isBlock: Bool
}

struct LoadedTargetVariable {
  var file: UInt32
  /// In its tree.
  var index: UInt32
  var isPack: Bool
}

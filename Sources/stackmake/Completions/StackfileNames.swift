import StackMake
import SystemPackage
import Targets

/// The names that a Stackfile knows; where it doesn't load, as while it is being edited, those that were built.
struct StackfileNames {
  private let graph: Graph?
  private let recorded: [String]

  /// The Stackfile that the words mean; nil where none is found.
  static func file(_ typed: TypedWords, _ environment: [String: String]) -> FilePath? {
    var options = CommonOptions.none
    let home = Session.home(in: environment)
    func path(_ word: String?) -> String? {
      guard let word, let home, word.hasPrefix("~/") else { return word }
      return home.appending(String(word.dropFirst(2))).string
    }
    options.file = path(typed.file)
    options.directory = path(typed.directory)
    return try? Session.stackfile(options)
  }

  init(_ typed: TypedWords, _ environment: [String: String]) {
    guard let file = Self.file(typed, environment) else {
      (graph, recorded) = (nil, [])
      return
    }
    let files = PackFileSystem(.builtIn, over: LocalFileSystem(directory: Session.directory(of: file)))
    let loaded = Session.load(file, from: files, environment: environment, overrides: typed.overrides).graph
    graph = loaded
    recorded =
      loaded == nil ? Self.built(Session.stateDirectory(of: file)).sorted() : []
  }

  private static func built(_ stateDirectory: FilePath) -> [String] {
    guard let store = try? SQLiteStore(readingFrom: stateDirectory), let traces = try? store.traces() else { return [] }
    return Array(traces.keys)
  }

  /// Those that begin so. Targets that no glob matches only where their kind is asked for.
  func targets(_ prefix: String) -> [String] {
    guard let graph else { return recorded.filter { $0.hasPrefix(prefix) } }
    return graph.targets.filter { !graph.isApart($0) || prefix.hasPrefix(graph.kind($0)) }
      .map { graph.name($0) }.filter { $0.hasPrefix(prefix) }
  }

  var servers: [String] {
    if let graph { return graph.places.map(\.name) }
    let prefix = "server/"
    return recorded.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }

  /// As it is on the command line so far.
  func value(of variable: String) -> String? { graph?.variables[variable] }

  var variables: [String] { graph?.variables.keys.sorted() ?? [] }
}

import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// What every command begins with: the Stackfile, its directory, and the real seams.
struct Session: Sendable {
  let options: CommonOptionsValue
  let environment: [String: String]
  /// The directory of the Stackfile.
  let directory: FilePath
  let graph: Graph
  let fileSystem: PackFileSystem
  /// What `fileSystem` reads that isn't in a pack.
  let files: WatchingFileSystem
  /// The variables of the environment that the graph was made of.
  let environmentUsed: Set<String>
  private let sourceMap: SourceMap
  /// The files that the graph was made of: Stackfiles, packs, and what is rendered.
  var sources: [SavedPlan.Source] {
    sourceMap.files.filter { $0.origin != .commandLine }.map {
      SavedPlan.Source(path: $0.path, digest: Fingerprint(of: $0.bytes))
    }
  }
  let command: String
  let start: Double

  var stateDirectory: FilePath { directory.appending(Self.stateDirectoryName) }
  private static let stateDirectoryName: FilePath.Component = ".stackmake"
  /// The user's.
  var home: FilePath? { Self.home(in: environment) }
  var logs: LogFiles { LogFiles(directory: stateDirectory.appending("logs")) }

  /// Loads the Stackfile, or says all that is wrong with it and ends with status 2.
  ///
  /// - Parameter asked: names that are targets where a pattern matches them, also of servers that the layout no longer names.
  static func open(
    _ options: CommonOptions, overrides: [(name: String, value: String)], asked: [String] = []
  ) throws -> Session {
    let environment = ProcessInfo.processInfo.environment
    let file = try stackfile(options)
    let directory = directory(of: file)
    let files = WatchingFileSystem(directory: directory)
    let fileSystem = PackFileSystem(.builtIn, over: files)
    let result = load(file, from: fileSystem, environment: environment, overrides: overrides, asked: asked)
    guard let graph = result.graph else {
      Console.write(DiagnosticRenderer(sources: result.sources).render(result.diagnostics), to: .standardError)
      if access(file.string, F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
        if access(directory.isEmpty ? "." : directory.string, F_OK) != 0 {
          Console.error("  hint: there is no directory `\(directory)`")
        } else if options.file == nil {
          Console.error("  hint: `stackmake init` writes a first one, and `-C DIR` looks for one elsewhere")
        }
      }
      throw ExitStatusError.wrongUse
    }
    return Session(
      options: CommonOptionsValue(options), environment: environment, directory: directory, graph: graph,
      fileSystem: fileSystem, files: files, environmentUsed: result.environmentUsed,
      sourceMap: result.sources,
      command: CommandLine.arguments.dropFirst().joined(separator: " "), start: Self.now())
  }

  /// The graph of a Stackfile, or what is wrong with it. Reads files alone.
  static func load(
    _ file: FilePath, from fileSystem: PackFileSystem, environment: [String: String],
    overrides: [(name: String, value: String)], asked: [String] = []
  ) -> LoadResult {
    let loader = Loader(
      fileSystem: fileSystem, dialect: .stack(cluster: clusterName(directory(of: file))),
      packs: Packs.builtIn.stackfiles, environment: environment, overrides: overrides, asked: asked)
    return loader.load(file.lastComponent?.string ?? "Stackfile")
  }

  static func home(in environment: [String: String]) -> FilePath? {
    environment["HOME"].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }

  /// Where the Stackfile is, or would be.
  static func stackfile(_ options: CommonOptions) throws -> FilePath {
    let here = try currentDirectory()
    let base = options.directory.map { here.pushing(FilePath($0)) } ?? here
    return base.pushing(FilePath(options.file ?? "Stackfile"))
  }

  static func directory(of stackfile: FilePath) -> FilePath {
    stackfile.removingLastComponent().lexicallyNormalized()
  }

  static func stateDirectory(of stackfile: FilePath) -> FilePath {
    directory(of: stackfile).appending(stateDirectoryName)
  }

  /// Seconds since 1970.
  @Sendable static func now() -> Double { Date().timeIntervalSince1970 }

  /// The goals' targets, or what is wrong with them and status 2.
  func targets(_ goals: [String]) throws -> [TargetID] {
    let found = graph.goals(goals)
    let (targets, problems) = (found.targets, found.problems)
    guard problems.isEmpty else {
      let renderer = DiagnosticRenderer(sources: SourceMap())
      Console.write(renderer.render(problems), to: .standardError)
      if let command = goals.first(where: CommandWords.commands.contains) {
        Console.error("  hint: `\(command)` is a command where it is the first word, before NAME=VALUE")
      }
      throw ExitStatusError.wrongUse
    }
    return targets
  }

  /// The record, for reading: nothing is made where there is none.
  func readOnlyStore() throws -> SQLiteStore {
    try recorded { () throws(StoreError) in try SQLiteStore(readingFrom: stateDirectory) }
  }

  /// The record, for writing.
  func store() throws -> SQLiteStore {
    let killPoint = KillPoint(environment: environment).map { point in { @Sendable in point.hook($0) } }
    return try recorded { () throws(StoreError) in
      try SQLiteStore(directory: stateDirectory, hook: killPoint)
    }
  }

  /// Says what is wrong with the record, and ends with status 3.
  func recorded<R>(_ body: () throws(StoreError) -> R) throws -> R {
    do {
      return try body()
    } catch {
      Console.error("stackmake: error: \(error)")
      throw ExitStatusError.failed
    }
  }

  /// What a task gave; or says what went wrong in it, and ends with status 3.
  func said<R>(_ result: Result<R, any Error>) throws -> R {
    do {
      return try result.get()
    } catch let error as StepError {
      Console.error("stackmake: error: \(error)")
    } catch let error as StoreError {
      Console.error("stackmake: error: \(error)")
    }
    throw ExitStatusError.failed
  }

  /// What a server gave; or why it can't be reached, and status 3.
  func reached<R>(_ body: () throws(ShellError) -> R) throws -> R {
    do {
      return try body()
    } catch {
      Console.error("stackmake: error: \(error)")
      throw ExitStatusError.failed
    }
  }

  /// The same for work that is done here.
  func reported<R>(_ body: () async throws -> R) async throws -> R {
    do {
      return try await body()
    } catch let error as StepError {
      return try said(.failure(error))
    }
  }

  /// The lock on this cluster, or who holds it and status 5.
  func lock() throws -> StateLock.Held {
    try recorded { () throws(StoreError) in try StateDirectory.prepare(stateDirectory) }
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let holder = StateLock.Holder(
      pid: getpid(), host: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
      since: Self.now(), command: command.isEmpty ? "stackmake" : "stackmake \(command)")
    do {
      return try StateLock.acquire(in: stateDirectory, holder: holder)
    } catch {
      switch error {
      case .held(let held):
        Console.error("stackmake: error: \(held)")
        throw ExitStatusError.held
      case .store(let error):
        Console.error("stackmake: error: \(error)")
        throw ExitStatusError.failed
      }
    }
  }

  /// What recipes move, read before anything runs; or what can't be read, and status 2.
  func sourceFiles(_ targets: [TargetID]) throws -> SourceFiles {
    let (files, errors) = SourceFiles.read(graph.closure(of: targets), in: graph, from: fileSystem)
    guard errors.isEmpty else {
      for (location, error) in errors { Console.error("stackmake: error: \(location): can't read \(error)") }
      throw ExitStatusError.wrongUse
    }
    return files
  }

  private static func currentDirectory() throws -> FilePath {
    guard let path = getcwd(nil, 0) else {
      Console.error("stackmake: error: the current directory can't be read: \(Errno(rawValue: errno))")
      throw ExitStatusError.wrongUse
    }
    defer { free(path) }
    return FilePath(String(cString: path))
  }

  /// The directory's name, as far as a server's name may have it.
  private static func clusterName(_ directory: FilePath) -> String {
    let name = (directory.lastComponent?.string ?? "cluster").lowercased()
    let allowed = name.utf8.map { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) ? byte : UInt8(ascii: "-")
    }
    let text = String(decoding: allowed, as: UTF8.self)
    return text.contains { $0 != "-" } ? text : "cluster"
  }
}

/// The common options as a value that tasks may hold.
struct CommonOptionsValue: Sendable {
  let silent: Bool
  let verbose: Bool
  let noColor: Bool
  let json: Bool
  let noRefresh: Bool

  init(_ options: CommonOptions) {
    silent = options.silent
    verbose = options.verbose
    noColor = options.noColor
    json = options.json
    noRefresh = options.noRefresh
  }
}

import StackMake
import SystemPackage
import Targets

/// The real seams, put together for one command.
struct World: Sendable {
  let session: Session
  let kinds: [String: any TargetKind]
  let cluster: Cluster?
  let shells: any ShellProvider
  let runner: RecipeRunner
  let secrets: [String: String]
  let redactor: Redactor

  static func open(_ session: Session, store: any Store) throws -> World {
    let graph = session.graph
    var secrets: [String: String] = [:]
    try session.recorded { () throws(StoreError) in
      for name in graph.secrets {
        // A record that is only read keeps a made one to itself.
        secrets[name] = try store.secret(name) { SecretText.make() }
      }
    }
    let redactor = Redactor(secrets: secrets.values)
    let shells = LocalShells(here: LocalShell(directory: session.directory, environment: session.environment))
    var kinds: [String: any TargetKind] = ["task": TaskKind()]
    if !graph.places.isEmpty {
      let cloud = graph.variables["cloud"].map { "cloud `\($0)`" } ?? "a cloud from the OS_* variables"
      Console.error("stackmake: error: the layout asks for \(cloud), and this version can't make servers yet")
      throw ExitStatusError.wrongUse
    }
    kinds["stacked"] = StackedKind()
    return World(
      session: session, kinds: kinds, cluster: nil, shells: shells,
      runner: RecipeRunner(shells: shells, redact: { redactor.redact($0) }), secrets: secrets, redactor: redactor)
  }

  /// Looks at the world once, and reads the record.
  func assessor(
    _ targets: [TargetID], files: SourceFiles, store: any Store, forced: Set<TargetID>
  ) async throws -> Assessor {
    var observations = Assessor.Observations()
    if !session.options.noRefresh {
      observations = try await Assessor.observe(session.graph.closure(of: targets), in: session.graph, kinds: kinds)
    }
    let digests = secrets.mapValues { Fingerprint(of: $0).short }
    return try session.recorded { () throws(StoreError) in
      try Assessor(
        graph: session.graph, kinds: kinds, files: files, secretDigests: digests, store: store,
        observations: observations, forced: forced)
    }
  }

  func cleaner(
    _ store: any Store, _ reporter: any Reporter, _ interrupt: Interrupt, _ pool: ThreadPool
  ) -> Cleaner {
    Cleaner(cluster: cluster, store: store, reporter: reporter, interrupt: interrupt, pool: pool, now: Session.now)
  }

  func close() async { await shells.close() }
}

import Glibc
import StackMake
import SystemPackage
import Targets

/// The real seams, put together for one command.
struct World: Sendable {
  let session: Session
  let kinds: [String: any TargetKind]
  let cluster: Cluster?
  let keys: ClusterKeys?
  let shells: ServerShells
  let runner: RecipeRunner
  let secrets: [String: String]
  let redactor: Redactor
  let book: SnapshotBook

  /// - Parameters:
  ///   - isReading: makes nothing: no key, no id, no directory.
  ///   - isCleaning: looks at the cloud also where the layout is gone, and what was made of it may not be.
  ///   - voice: is told what the cloud does that takes long, and of each request.
  static func open(
    _ session: Session, store: any Store, isReading: Bool, isCleaning: Bool = false, voice: LateNote = LateNote()
  ) throws -> World {
    let graph = session.graph
    var secrets: [String: String] = [:]
    try session.recorded { () throws(StoreError) in
      // A command that only reads makes none: what isn't there yet is shown as new.
      for name in graph.secrets {
        secrets[name] = isReading ? try store.secret(name) : try store.secret(name) { SecretText.make() }
      }
    }
    let redactor = Redactor(secrets: secrets.values)
    let here = LocalShell(
      directory: session.directory, environment: session.environment, jobs: session.stateDirectory.appending("jobs"))
    var book = SnapshotBook()
    var kinds: [String: any TargetKind] = [
      "task": TaskKind(), "stacked": StackedKind(), "reset": ErrandKind.reset,
      "leave": ErrandKind.leave,
    ]
    var cluster: Cluster?
    var keys: ClusterKeys?
    if try !graph.places.isEmpty || (isCleaning && knownClusterID(session, store) != nil) {
      let bootLimit = try bootLimit(session)
      var choice = CloudChoice(session, note: { voice.say($0) }, trace: { voice.trace($0) })
      choice.requests = voice.requests
      let cloud = try choice.open(graph.places, store)
      // Reading commands work before there is a key, and need none then.
      let publicKey = session.stateDirectory.appending("id_ed25519.pub")
      session.files.note(publicKey)
      let hasKey = access(publicKey.string, R_OK) == 0
      if let keyPair = choice.keyPair {
        keys = try ClusterKeys.open(session, keyPair: keyPair)
      } else {
        keys = isReading && !hasKey ? nil : try ClusterKeys.open(session, needsPublicKey: !cloud.keepsMachines)
      }
      cluster = Cluster(
        cloud: cloud, id: try clusterID(session, store, isReading: isReading),
        name: graph.variables["cluster"] ?? "cluster", authorizedKeys: keys?.authorized ?? [],
        shells: shells(session, cloud, here: here, keys?.identities ?? [], bootLimit),
        clock: ContinuousClock(), bootLimit: bootLimit, hostTrust: try hostTrust(session),
        lifetime: try lifetime(session))
      book = try session.recorded { () throws(StoreError) in try SnapshotBook(store) }
      kinds["stacked"] = StackedKind(book)
      kinds["image-validated"] = ImageValidatedKind(cluster: cluster!)
      kinds["layout"] = LayoutKind()
      kinds["ssh-mesh"] = SSHMeshKind(cluster: cluster!)
      kinds["overlay-net"] = OverlayNetKind(cluster: cluster!)
      kinds["server"] = ServerKind(cluster: cluster!)
    }
    let shells = cluster?.shells as? ServerShells ?? ServerShells(here: here, identities: [])
    return World(
      session: session, kinds: kinds, cluster: cluster, keys: keys, shells: shells,
      runner: RecipeRunner(shells: shells, directory: session.directory, redact: { redactor.redact($0) }),
      secrets: secrets, redactor: redactor, book: book)
  }

  private static func shells(
    _ session: Session, _ cloud: any Cloud, here: any Shell, _ identities: [SSHTarget.Identity], _ bootLimit: Duration
  ) -> ServerShells {
    guard cloud.keepsMachines else {
      return ServerShells(here: here, identities: identities, connectLimit: bootLimit)
    }
    var keys: [String: SSHTarget.Identity] = [:]
    for place in session.graph.places {
      guard let key = place.settings["key"] else { continue }
      keys[place.name] = .keyFile(StaticHost.keyPath(key, directory: session.directory, home: session.home))
    }
    return ServerShells(
      here: here, identities: identities, connectLimit: bootLimit, keys: keys)
  }

  /// The variable `host_keys`.
  private static func hostTrust(_ session: Session) throws -> HostTrust {
    guard let text = session.graph.variables["host_keys"] else { return .console }
    guard let trust = HostTrust.choices.first(where: { $0.rawValue == text }) else {
      let known = HostTrust.choices.map { "`\($0.rawValue)`" }.joined(separator: ", ")
      Console.error("stackmake: error: `host_keys = \(text)` is none of \(known)")
      throw ExitStatusError.wrongUse
    }
    return trust
  }

  /// How long a machine may take to boot: the variable `boot_timeout`.
  private static func bootLimit(_ session: Session) throws -> Duration {
    guard let text = session.graph.variables["boot_timeout"] else { return .seconds(900) }
    guard let limit = Numbers.duration(text), limit >= .seconds(1) else {
      Console.error("stackmake: error: `boot_timeout = \(text)` is no time\n  hint: write it as `90s`, `15m` or `1h`")
      throw ExitStatusError.wrongUse
    }
    return limit
  }

  /// How long the cluster is meant to be there: the variable `expire`.
  private static func lifetime(_ session: Session) throws -> Lifetime? {
    guard let text = session.graph.variables["expire"] else { return nil }
    guard let lifetime = Lifetime(text) else {
      Console.error("stackmake: error: `expire = \(text)` is no time\n  hint: write it as `12h`, `3d` or `2w`")
      throw ExitStatusError.wrongUse
    }
    return lifetime
  }

  /// Made once for a state directory: two clusters of one name never take each other's servers.
  private static func clusterID(_ session: Session, _ store: any Store, isReading: Bool) throws -> String {
    if let id = try knownClusterID(session, store) { return id }
    let made = String(SecretText.make().lowercased().prefix(12))
    if !isReading {
      try session.recorded { () throws(StoreError) in try store.set([Cluster.idRegister: made]) }
    }
    return made
  }

  /// Nil where nothing was ever made.
  private static func knownClusterID(_ session: Session, _ store: any Store) throws -> String? {
    try session.recorded { () throws(StoreError) in
      try store.registers(prefix: Cluster.idRegister)[Cluster.idRegister]
    }
  }

  /// Looks at the world once, and reads the record.
  func assessor(
    _ targets: [TargetID], files: SourceFiles, store: any Store, forced: Set<TargetID>
  ) async throws -> Assessor {
    var observations = Assessor.Observations()
    if !session.options.noRefresh {
      observations = try await Assessor.observe(session.graph.closure(of: targets), in: session.graph, kinds: kinds)
    }
    try compareSnapshots(store)
    return try session.recorded { () throws(StoreError) in
      try Assessor(
        graph: session.graph, kinds: kinds, files: files, secretDigests: digests, store: store,
        observations: observations, forced: forced)
    }
  }

  /// Compares the snapshots on record with what would be built now.
  func compareSnapshots(_ store: any Store) throws {
    if book.sets.isEmpty { return }
    let graph = session.graph
    let targets = book.sets.flatMap(\.members).flatMap { [$0.target, graph.placePrefix + $0.server] }
      .compactMap { graph.target(named: $0) }
    // What can't be read is another thing than what was read then.
    let files = SourceFiles.read(graph.closure(of: targets), in: graph, from: session.fileSystem).files
    let assessor = try session.recorded { () throws(StoreError) in
      try Assessor(
        graph: graph, kinds: kinds, files: files, secretDigests: digests, store: store,
        observations: Assessor.Observations(), forced: [])
    }
    book.compare(with: assessor)
  }

  /// Looks at what stands and at what is on record, for what takes it down.
  func look(_ store: any Store) async throws -> CleanPlan.World {
    try await session.reported {
      CleanPlan.World(
        machines: try await cluster?.machines() ?? [], resources: try await cluster?.resources() ?? [],
        recorded: try session.recorded { () throws(StoreError) in
          // What is on a machine that came from a snapshot is there before anything says so.
          let restored = SnapshotGroup.restored(try store.traces(), in: session.graph)
          return try Self.recordedTargets(store).union(restored)
        })
    }
  }

  /// Targets of which anything is on record.
  static func recordedTargets(_ store: any Store) throws(StoreError) -> Set<String> {
    Set(try store.traces().keys).union(try store.failures().keys).union(try store.running().keys)
  }

  /// Removes what the cluster has once too often, where servers are among what was to be built: now is the best time to see it.
  func tidy(_ targets: [TargetID], _ store: any Store, _ reporter: any Reporter) async throws(StepError) {
    let graph = session.graph
    let hasServers = graph.closure(of: targets).contains { target in
      graph.place(target).map { graph.target(of: $0) == target } ?? false
    }
    guard let cluster, hasServers, !session.options.noRefresh else { return }
    try await Tidier(cluster, store: store, reporter: reporter, now: Session.now).run(graph)
  }

  func cleaner(
    _ store: any Store, _ reporter: any Reporter, _ interrupt: Interrupt, _ pool: ThreadPool
  ) -> Cleaner {
    Cleaner(
      cluster: cluster, store: store, reporter: reporter, interrupt: interrupt, pool: pool, now: Session.now,
      reset: reset(store, reporter, interrupt, pool))
  }

  /// How servers that exist already are made fresh; nil where the cloud does that.
  func reset(
    _ store: any Store, _ reporter: any Reporter, _ interrupt: Interrupt, _ pool: ThreadPool
  ) -> ServerReset? {
    guard let cloud = cluster?.cloud as? StaticCloud else { return nil }
    return ServerReset(cloud: cloud, shells: shells, store: store, reporter: reporter, now: Session.now) {
      (target, known) async throws(StepError) in
      try await runAlone(target, knowing: known, store, reporter, interrupt, pool)
    }
  }

  /// The same for another load of the same Stackfile.
  func with(_ session: Session) -> World {
    World(
      session: session, kinds: kinds, cluster: cluster, keys: keys, shells: shells, runner: runner, secrets: secrets,
      redactor: redactor, book: book)
  }

  /// Runs the recipe of a target alone, with what is on record of what it depends on.
  ///
  /// - Parameter known: values of dependencies that count more than what is on record.
  func runAlone(
    _ target: TargetID, knowing known: [TargetID: [String: String]] = [:], _ store: any Store,
    _ reporter: any Reporter, _ interrupt: Interrupt, _ pool: ThreadPool
  ) async throws(StepError) {
    let graph = session.graph
    let name = graph.name(target)
    var outputs: [TargetID: [String: String]] = [:]
    let (files, problems) = SourceFiles.read([target], in: graph, from: session.fileSystem)
    if let (location, error) = problems.first {
      throw StepError(operation: "read its sources", subject: name, cause: "\(location): \(error)")
    }
    let assessor: Assessor
    do throws(StoreError) {
      let traces = try store.traces()
      for dependency in graph.dependencies(target, for: .order) {
        outputs[dependency] = known[dependency] ?? traces[graph.name(dependency)]?.outputs
      }
      assessor = try Assessor(
        graph: graph, kinds: kinds, files: files, secretDigests: digests, store: store,
        observations: Assessor.Observations(), forced: [target])
    } catch {
      throw StepError(error, operation: "read the record", subject: name)
    }
    let builder = Builder(
      assessor: assessor, runner: runner, files: files, secrets: secrets, store: store, reporter: reporter,
      interrupt: interrupt, pool: pool, now: Session.now, jobs: 1, keepsGoing: false)
    try await builder.runAlone(target, outputs: outputs)
  }

  /// What stands for the secrets in manifests.
  var digests: [String: String] { secrets.mapValues { Fingerprint(of: $0).short } }

  func close() async { await shells.close() }
}

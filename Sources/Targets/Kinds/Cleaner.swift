package import StackMake

/// Carries out a clean, journal first, and goes on with one that was cut off.
package struct Cleaner: Sendable {
  private let cluster: Cluster?
  private let store: any Store
  private let reporter: any Reporter
  private let interrupt: Interrupt
  private let pool: ThreadPool
  private let now: @Sendable () -> Double
  /// For machines that stay, of which none can be rebuilt.
  private let reset: ServerReset?

  package init(
    cluster: Cluster?, store: any Store, reporter: any Reporter, interrupt: Interrupt, pool: ThreadPool,
    now: @escaping @Sendable () -> Double, reset: ServerReset? = nil
  ) {
    self.reset = reset
    self.cluster = cluster
    self.store = store
    self.reporter = reporter
    self.interrupt = interrupt
    self.pool = pool
    self.now = now
  }

  /// Does all of the plan. Everything is tried; the failures come back.
  ///
  /// - Parameter waits: whether to wait until the cloud no longer lists what was deleted.
  package func carryOut(_ plan: CleanPlan, graph: Graph, waits: Bool) async -> [StepError] {
    let placePrefix = graph.placePrefix
    var failures: [StepError] = []
    for (name, kind) in removals(plan, graph) {
      guard
        let failure = await attempt({ () async throws(StepError) in try await remove(name, kind, plan, graph) })
      else { continue }
      return [failure]
    }
    await withTaskGroup(of: StepError?.self) { group in
      for deletion in plan.deletions {
        group.addTask(executorPreference: pool) {
          await attempt { () async throws(StepError) in
            try await delete(deletion, placePrefix: placePrefix, waits: waits)
          }
        }
      }
      for rebuild in plan.rebuilds {
        group.addTask(executorPreference: pool) {
          await attempt { () async throws(StepError) in
            try await self.rebuild(rebuild, graph: graph, placePrefix: placePrefix)
          }
        }
      }
      for await failure in group { if let failure { failures.append(failure) } }
    }
    guard failures.isEmpty else { return failures.sorted { $0.subject < $1.subject } }
    if waits, !plan.resources.isEmpty {
      if let failure = await attempt({ () async throws(StepError) in try await sweep(plan.resources) }) {
        return [failure]
      }
    }
    if let failure = await attempt({ () async throws(StepError) in
      try recorded("forget", "the record") { () throws(StoreError) in try store.forget(plan.forgotten) }
    }) {
      failures.append(failure)
    }
    return failures
  }

  /// Targets that span servers, and are to be taken back from those that stay.
  private func removals(_ plan: CleanPlan, _ graph: Graph) -> [(name: String, kind: any Removable)] {
    guard let cluster else { return [] }
    let kinds: [String: any Removable] = [
      "ssh-mesh": SSHMeshKind(cluster: cluster), "overlay-net": OverlayNetKind(cluster: cluster),
    ]
    return plan.forgotten.compactMap { name in
      graph.target(named: name).flatMap { kinds[graph.kind($0)] }.map { (name, $0) }
    }
  }

  private func remove(
    _ name: String, _ kind: any Removable, _ plan: CleanPlan, _ graph: Graph
  ) async throws(StepError) {
    guard let cluster else { return }
    let gone = cluster.cloud.keepsMachines ? Set(plan.rebuilds.map(\.place.name)) : plan.givenUp
    let traces = try recorded("read the record", name) { () throws(StoreError) in try store.traces() }
    let members = Members(of: name, in: graph, shells: cluster.shells, reporter: reporter) { server in
      gone.contains(String(graph.name(server).dropFirst(graph.placePrefix.count)))
        ? nil : traces[graph.name(server)]?.outputs
    }
    guard !members.all.isEmpty else { return }
    reporter.report(.note(target: name, text: "taking it back from \(members.all.count) servers"))
    try await kind.remove(from: members)
  }

  /// Looks again until nothing is left of the cluster, and deletes what is found: an old list may have hidden it, and
  /// a request that made it may have been on its way. Returns what more was deleted.
  ///
  /// - Parameter isInDoubt: whether an earlier run was cut off while it made something.
  package func finish(graph: Graph, isInDoubt: Bool) async -> (CleanPlan, [StepError]) {
    var all = CleanPlan()
    guard let cluster else { return (all, []) }
    // Nothing comes late where nothing is made.
    let isInDoubt = isInDoubt && !cluster.cloud.keepsMachines
    for pause in isInDoubt ? Self.pausesInDoubt : Self.pauses {
      let (found, failure) = await left(cluster, after: pause)
      if let failure { return (all, [failure]) }
      if found.isEmpty {
        if isInDoubt { continue }
        break
      }
      let failures = await carryOut(found, graph: graph, waits: true)
      guard failures.isEmpty else { return (all, failures) }
      all.deletions += found.deletions
      all.resources += found.resources
    }
    return (all, [])
  }

  /// Before each look.
  private static let pauses: [Duration] = [.zero, .zero, .seconds(1), .seconds(2)]
  private static let pausesInDoubt: [Duration] = [.zero, .seconds(2), .seconds(6)]

  private func left(_ cluster: Cluster, after pause: Duration) async -> (CleanPlan, StepError?) {
    do throws(StepError) {
      if pause > .zero { _ = try? await cluster.clock.sleep(for: pause) }
      let world = CleanPlan.World(
        machines: try await cluster.machines(), resources: try await cluster.resources(), recorded: [])
      return (.everything(world), nil)
    } catch {
      return (CleanPlan(), error)
    }
  }

  /// Finishes what an earlier run began to delete or to rebuild, and was cut off in. Tries all of it, then throws the
  /// first failure.
  package func resume(graph: Graph) async throws(StepError) {
    let intents = try recorded("read the journal", "the record") { () throws(StoreError) in try store.intents() }
    guard !intents.isEmpty, let cluster else { return }
    let machines = try await cluster.machines()
    var failures: [StepError] = []
    for intent in intents {
      do throws(StepError) {
        try await resume(intent, graph, machines, cluster)
      } catch {
        failures.append(error)
      }
    }
    guard let first = failures.first else { return }
    for failure in failures.dropFirst() { reporter.report(.warning(target: nil, text: failure.description)) }
    throw first
  }

  private func resume(
    _ intent: Intent, _ graph: Graph, _ machines: [Machine], _ cluster: Cluster
  ) async throws(StepError) {
    let machine = machines.first { $0.id == intent.values["id"] }
    switch intent.action {
    case "delete":
      if let machine {
        reporter.report(.note(target: nil, text: "going on to delete \(machine.name)"))
        try await cloud(intent.subject) { () async throws(CloudError) in
          try await cluster.cloud.delete(machine.id, wait: true)
        }
      }
    case "rebuild":
      if let machine, let generation = intent.values["generation"].flatMap({ Int($0) }),
        let place = graph.place(named: intent.subject)
      {
        reporter.report(.note(target: nil, text: "going on to rebuild \(machine.name)"))
        try await rebuild(machine, graph.machineWant(graph[place]), graph[place], generation: generation, cluster)
      }
    case "sweep":
      let ids = Set((intent.values["ids"] ?? "").split(separator: " ").map(String.init))
      let left = try await cluster.resources().filter { ids.contains($0.id) }
      if !left.isEmpty {
        reporter.report(.note(target: nil, text: "going on to delete what \(cluster.name) had made"))
      }
      for resource in left { try await delete(resource, cluster) }
    case Tidier.action:
      try await Tidier(cluster, store: store, reporter: reporter, now: now).run(graph)
    case SnapshotMaker.action:
      try await SnapshotMaker(cluster, store: store, reporter: reporter, interrupt: interrupt, now: now)
        .resume(intent, machines)
    case ServerReset.action:
      // It settles itself where it comes to its end.
      try await reset?.resume(intent, in: graph)
      return
    case Cluster.createAction where graph.place(named: intent.subject) != nil:
      // A machine that was being created carries its tag: its server's next turn adopts or removes it, and settles this.
      return
    default:
      break
    }
    try recorded("write the journal", intent.subject) { () throws(StoreError) in
      try store.forget(forgotten(intent))
      try store.settle(intent.id, set: [:])
    }
  }

  private func forgotten(_ intent: Intent) -> [String] {
    (intent.values["forget"] ?? "").split(separator: " ").map(String.init)
  }

  private func delete(_ deletion: CleanPlan.Deletion, placePrefix: String, waits: Bool) async throws(StepError) {
    guard let cluster else { return }
    let machine = deletion.machine
    let server = placePrefix + machine.tag.server
    let forgotten = deletion.isStray ? [] : [server]
    let intent = try begin("delete", machine, ["forget": forgotten.joined(separator: " ")])
    let verb = cluster.cloud.keepsMachines ? "forgetting" : "deleting"
    reporter.report(.note(target: server, text: "\(verb) \(machine.name)"))
    try await cloud(server) { () async throws(CloudError) in
      try await cluster.cloud.delete(machine.id, wait: waits)
    }
    if !deletion.isStray {
      try recorded("forget its snapshot", server) { () throws(StoreError) in
        try store.set([Restore.register(machine.tag.server): nil])
      }
    }
    try settle(intent, forgetting: forgotten)
  }

  /// Deletes what else the cluster made, in this order.
  private func sweep(_ resources: [CloudResource]) async throws(StepError) {
    guard let cluster else { return }
    let intent = try recorded("write the journal", cluster.name) { () throws(StoreError) in
      try store.begin(
        Intent(
          action: "sweep", subject: cluster.name, values: ["ids": resources.map(\.id).joined(separator: " ")], at: now()
        ))
    }
    for resource in resources {
      reporter.report(.note(target: nil, text: "deleting \(resource.kind.rawValue) \(resource.name)"))
      try await delete(resource, cluster)
    }
    try settle(intent, forgetting: [])
  }

  private func delete(_ resource: CloudResource, _ cluster: Cluster) async throws(StepError) {
    try await cloud("\(resource.kind.rawValue) \(resource.name)") { () async throws(CloudError) in
      try await cluster.cloud.delete(resource)
    }
  }

  private func rebuild(
    _ rebuild: CleanPlan.Rebuild, graph: Graph, placePrefix: String
  ) async throws(StepError) {
    guard let cluster else { return }
    if let reset {
      return try await reset.run(
        rebuild.place, forgetting: [placePrefix + rebuild.place.name] + rebuild.targets, in: graph)
    }
    let server = placePrefix + rebuild.place.name
    let register = Cluster.generationRegister(rebuild.place.name)
    let last = try recorded("read the generation", server) { () throws(StoreError) in
      try store.registers(prefix: register)[register].flatMap { Int($0) } ?? 0
    }
    let generation = max(last, rebuild.machine.tag.generation) + 1
    let gone = [server] + rebuild.targets
    let intent = try begin(
      "rebuild", rebuild.machine, ["generation": String(generation), "forget": gone.joined(separator: " ")])
    let origin = rebuild.restore?.title(now: now()) ?? "its image"
    reporter.report(.note(target: server, text: "rebuilding \(rebuild.machine.name) from \(origin)"))
    var restore = rebuild.restore
    restore?.generation = generation
    try recorded("write down its snapshot", server) { [restore] () throws(StoreError) in
      try store.set([Restore.register(rebuild.place.name): restore?.text])
    }
    try await self.rebuild(
      rebuild.machine, graph.machineWant(rebuild.place), rebuild.place, generation: generation, cluster)
    try settle(intent, forgetting: gone)
  }

  private func rebuild(
    _ machine: Machine, _ want: MachineWant, _ place: Place, generation: Int, _ cluster: Cluster
  ) async throws(StepError) {
    let resolution = try await cloud(place.name) { () async throws(CloudError) in
      try await cluster.cloud.resolve([want], missing: [])
    }
    guard let resolved = resolution.resolved.first(where: { $0.name == place.name }) else {
      throw StepError(
        operation: "rebuild", subject: machine.name, cause: resolution.problems.map(\.message).joined(separator: "\n"))
    }
    let (registers, hostKey) = try cluster.newGeneration(generation, of: place.name, store)
    try recorded("write the journal", machine.name) { () throws(StoreError) in try store.set(registers) }
    let restore = try recorded("read its snapshot", machine.name) { () throws(StoreError) in
      try Restore.read(place.name, store)
    }
    let source = restore.flatMap { $0.generation == generation ? $0.source : nil }
    let spec = ServerBoot.spec(
      cluster, place, generation, resolved, hostKey, expiresAt: try await cluster.end(store, at: now()), from: source)
    _ = try await cloud(place.name) { () async throws(CloudError) in
      try await cluster.cloud.rebuild(machine.id, spec)
    }
  }

  private func begin(_ action: String, _ machine: Machine, _ values: [String: String]) throws(StepError) -> Int64 {
    try recorded("write the journal", machine.name) { () throws(StoreError) in
      try store.begin(
        Intent(
          action: action, subject: machine.tag.server, values: values.merging(["id": machine.id]) { a, _ in a },
          at: now()))
    }
  }

  private func settle(_ intent: Int64, forgetting: [String]) throws(StepError) {
    try recorded("write the journal", forgetting.joined(separator: ", ")) { () throws(StoreError) in
      try store.forget(forgetting)
      try store.settle(intent, set: [:])
    }
  }

  private func attempt(_ body: () async throws(StepError) -> Void) async -> StepError? {
    do throws(StepError) {
      if interrupt.isRequested {
        throw StepError(.interrupted, operation: "clean", subject: "the cluster", cause: "interrupted")
      }
      try await body()
      return nil
    } catch {
      return error
    }
  }

  private func recorded<R>(_ operation: String, _ subject: String, _ body: () throws(StoreError) -> R)
    throws(StepError) -> R
  {
    do throws(StoreError) {
      return try body()
    } catch {
      throw StepError(error, operation: operation, subject: subject)
    }
  }

  private func cloud<R>(_ subject: String, _ body: () async throws(CloudError) -> R) async throws(StepError) -> R {
    do throws(CloudError) {
      return try await body()
    } catch {
      throw StepError(error, subject: subject)
    }
  }
}

import StackMake

/// Makes one server's machine exactly once, and waits until it can be worked on.
struct ServerBoot: Sendable {
  let cluster: Cluster
  let build: TargetBuild
  let place: Place

  init(_ cluster: Cluster, _ build: TargetBuild, _ place: Place) {
    self.cluster = cluster
    self.build = build
    self.place = place
  }

  /// The machine: the one that an earlier run began where there is one, else a new one of the next generation.
  func create() async throws(StepError) -> Machine {
    let machines = try await cluster.machines().filter { $0.tag.server == place.name }
    let register = Cluster.generationRegister(place.name)
    let last = try build.recorded("read the generation") { () throws(StoreError) in
      try build.store.registers(prefix: register)[register].flatMap { Int($0) } ?? 0
    }
    var adopted: Machine?
    for machine in machines.sorted(by: Machine.isBetter) {
      if adopted == nil, machine.tag.generation == last, machine.status != .deleting,
        ServerKind.problem(machine.status) == nil || machine.status == .incomplete
      {
        adopted = machine
      } else if machine.status != .deleting {
        // Left by an attempt that failed or was cut off: it is ours, and nobody needs it.
        build.note("removing \(machine.name) of generation \(machine.tag.generation), which was left half made")
        try await cloud { () async throws(CloudError) in try await cluster.cloud.delete(machine.id, wait: true) }
      }
    }
    let next = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.nextGeneration(place.name, after: last)
    }
    let generation = adopted?.tag.generation ?? next
    let spec = try await spec(generation)
    let intent = try build.recorded("write the journal") { () throws(StoreError) in
      try build.store.set([register: String(generation)])
      return try build.store.begin(
        Intent(
          action: "create", subject: place.name, values: ["generation": String(generation)], at: build.now()))
    }
    if cluster.cloud.keepsMachines {
      build.note("taking it over as it is")
    } else {
      build.note(adopted == nil ? "creating \(spec.name)" : "adopting \(spec.name), which an earlier run began")
    }
    let machine = try await cloud { () async throws(CloudError) in try await cluster.cloud.create(spec) }
    try build.recorded("write the journal") { () throws(StoreError) in
      try build.store.note(intent, values: ["id": machine.id])
      try build.store.settle(intent, set: [:])
    }
    return machine
  }

  /// Waits for ACTIVE, its host keys, SSH, and the end of first boot.
  func wait() async throws(StepError) -> ServerOutputs {
    let id = build.outputs["id"]!
    let machine = try await active(id)
    let keys = try await hostKeys(id)
    let outputs = ServerOutputs(
      id: id, generation: machine.tag.generation, ip: machine.addresses[0], port: machine.port, hostKeys: keys,
      user: place.settings["user"] ?? "stack")
    build.note("waiting for ssh at \(outputs.ip)")
    try await firstBoot(outputs)
    return outputs
  }

  private func active(_ id: String) async throws(StepError) -> Machine {
    let operation = "wait for ACTIVE"
    let limit = Deadline(cluster, now: build.now)
    var machines = try await cluster.machines()
    while true {
      guard let found = machines.first(where: { $0.id == id }) else {
        throw StepError(operation: operation, subject: build.name, cause: "the machine is gone")
      }
      if case .error(let text) = found.status { throw await failure(operation, text) }
      if found.status == .stopped { throw await failure(operation, "the machine stopped") }
      if found.status == .active, !found.addresses.isEmpty { return found }
      try build.checkInterrupt(operation)
      if limit.isOver { throw await failure(operation, limit.cause) }
      machines = try await cluster.nextMachines()
    }
  }

  private func hostKeys(_ id: String) async throws(StepError) -> [HostKey] {
    let operation = "wait for its host keys"
    let limit = Deadline(cluster, now: build.now)
    var pause = Duration.milliseconds(250)
    while true {
      let shown = try await cloud { () async throws(CloudError) in try await cluster.cloud.hostKeys(id) }
      if let shown, !shown.isEmpty { return shown }
      try build.checkInterrupt(operation)
      if limit.isOver { throw await failure(operation, limit.cause) }
      _ = try? await cluster.clock.sleep(for: pause)
      pause = min(pause * 1.5, .seconds(5))
    }
  }

  /// The end of the time that a machine may take.
  private struct Deadline {
    let end: Double
    let limit: Duration
    let now: @Sendable () -> Double

    init(_ cluster: Cluster, now: @escaping @Sendable () -> Double) {
      limit = cluster.bootLimit
      end = now() + Double(limit.components.seconds)
      self.now = now
    }

    var isOver: Bool { now() > end }
    var cause: String { "not within \(limit.components.seconds) s" }
  }

  /// Waits for the end of cloud-init over SSH, and shows its errors.
  private func firstBoot(_ outputs: ServerOutputs) async throws(StepError) {
    let site = StepSite(name: place.name, outputs: outputs.values, user: outputs.user)
    do throws(ShellError) {
      let shell = try cluster.shells.shell(at: site)
      let said = OutputTail()
      // A machine that was there before has its first boot behind it.
      let script = cluster.cloud.keepsMachines ? "true" : "cloud-init status --wait --long 2>&1"
      let status = try await shell.run(
        script, timeout: cluster.bootLimit, output: { said.take($1) })
      // 2 is "done, with warnings" of newer versions.
      guard status == .exited(0) || status == .exited(2) else {
        throw ShellError(.failed, host: place.name, operation: "wait for first boot", cause: "\(status)\n\(said.text)")
      }
    } catch {
      if error.code == .unreachable { throw await failure(error.operation, error.cause) }
      throw StepError(
        error.code == .interrupted ? .interrupted : .failed, operation: error.operation, subject: build.name,
        cause: error.cause, hint: error.hint ?? freshStart)
    }
  }

  private func spec(_ generation: Int) async throws(StepError) -> MachineSpec {
    let resolution = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.resolve([MachineWant(place)], missing: [])
    }
    guard let resolved = resolution.resolved.first(where: { $0.name == place.name }) else {
      let problems = resolution.problems.map(\.message).joined(separator: "\n    ")
      throw StepError(operation: "create server", subject: build.name, cause: problems)
    }
    return Self.spec(cluster, place, generation, resolved)
  }

  /// All that is needed to make the machine. Pure.
  static func spec(_ cluster: Cluster, _ place: Place, _ generation: Int, _ resolved: ResolvedMachine) -> MachineSpec {
    var metadata: [String: String] = [:]
    for (key, value) in place.settings where key.hasPrefix("meta.") { metadata[String(key.dropFirst(5))] = value }
    let tag = MachineTag(cluster: cluster.id, server: place.name, generation: generation)
    return MachineSpec(
      tag: tag,
      name: "\(cluster.name)-\(place.name)", hostname: place.name, resolved: resolved,
      userData: UserData.text(
        user: place.settings["user"] ?? "stack", hostname: place.name, authorizedKeys: cluster.authorizedKeys,
        bootLine: UserData.bootLine(tag)),
      metadata: metadata, authorizedKeys: cluster.authorizedKeys)
  }

  /// Gives the standing machine what can be given to it in place.
  func update() async throws(StepError) {
    guard let outputs = build.situation.trace.flatMap({ ServerOutputs($0.outputs) }) else { return }
    let spec = try await spec(outputs.generation)
    build.note("changing its metadata and security groups")
    try await cloud { () async throws(CloudError) in try await cluster.cloud.update(outputs.id, spec) }
  }

  /// With the end of the console, which tells most.
  private func failure(_ operation: String, _ cause: String) async -> StepError {
    var text = cause
    if let id = build.outputs["id"], let console = try? await cluster.cloud.console(id) {
      let end = console.split(separator: "\n").suffix(15)
      if !end.isEmpty { text += "\n    the end of its console:\n    " + end.joined(separator: "\n    ") }
    }
    return StepError(operation: operation, subject: build.name, cause: text, hint: freshStart)
  }

  /// nil where nothing is gained by it.
  private var freshStart: String? {
    cluster.cloud.keepsMachines ? nil : "`stackmake clean \(build.name)` deletes it for a fresh start"
  }

  private func cloud<R>(_ body: () async throws(CloudError) -> R) async throws(StepError) -> R {
    do throws(CloudError) {
      return try await body()
    } catch {
      throw StepError(error, subject: build.name)
    }
  }
}

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
    for machine in machines.sorted(by: { $0.tag.generation > $1.tag.generation }) {
      if adopted == nil, machine.tag.generation == last, machine.status != .deleting,
        ServerKind.problem(machine.status) == nil
          || machine.status == .incomplete
      {
        adopted = machine
      } else {
        // Left by an attempt that failed or was cut off: it is ours, and nobody needs it.
        build.note("removing \(machine.name) of generation \(machine.tag.generation), which was left half made")
        try await cloud { () async throws(CloudError) in try await cluster.cloud.delete(machine.id, wait: true) }
      }
    }
    let generation = adopted?.tag.generation ?? last + 1
    let spec = try await spec(generation)
    let intent = try build.recorded("write the journal") { () throws(StoreError) in
      try build.store.set([register: String(generation)])
      return try build.store.begin(
        Intent(
          action: "create", subject: place.name, values: ["generation": String(generation)], at: build.now()))
    }
    build.note(adopted == nil ? "creating \(spec.name)" : "adopting \(spec.name), which an earlier run began")
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
    var machine: Machine?
    try await poll("wait for ACTIVE") { () async throws(StepError) in
      guard let found = try await cluster.machines().first(where: { $0.id == id }) else {
        throw StepError(operation: "wait for ACTIVE", subject: build.name, cause: "the machine is gone")
      }
      if case .error(let text) = found.status { throw await failure("wait for ACTIVE", text) }
      if found.status == .stopped { throw await failure("wait for ACTIVE", "the machine stopped") }
      guard found.status == .active, !found.addresses.isEmpty else { return false }
      machine = found
      return true
    }
    var keys: [HostKey] = []
    try await poll("wait for its host keys") { () async throws(StepError) in
      let shown = try await cloud { () async throws(CloudError) in try await cluster.cloud.hostKeys(id) }
      keys = shown ?? []
      return !keys.isEmpty
    }
    let outputs = ServerOutputs(
      id: id, generation: machine!.tag.generation, ip: machine!.addresses[0], hostKeys: keys,
      user: place.settings["user"] ?? "stack")
    build.note("waiting for ssh at \(outputs.ip)")
    try await firstBoot(outputs)
    return outputs
  }

  /// Waits for the end of cloud-init over SSH, and shows its errors.
  private func firstBoot(_ outputs: ServerOutputs) async throws(StepError) {
    let site = StepSite(name: place.name, outputs: outputs.values, user: outputs.user)
    do throws(ShellError) {
      let shell = try cluster.shells.shell(at: site)
      let said = OutputTail()
      let status = try await shell.run(
        "cloud-init status --wait --long 2>&1", timeout: cluster.bootLimit, output: { said.take($1) })
      // 2 is "done, with warnings" of newer versions.
      guard status == .exited(0) || status == .exited(2) else {
        throw ShellError(.failed, host: place.name, operation: "wait for first boot", cause: "\(status)\n\(said.text)")
      }
    } catch {
      throw StepError(
        error.code == .interrupted ? .interrupted : .failed, operation: error.operation, subject: build.name,
        cause: error.cause, hint: error.hint ?? "`stackmake clean \(build.name)` deletes it for a fresh start")
    }
  }

  private func spec(_ generation: Int) async throws(StepError) -> MachineSpec {
    let resolution = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.resolve([MachineWant(place)])
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
    return MachineSpec(
      tag: MachineTag(cluster: cluster.id, server: place.name, generation: generation),
      name: "\(cluster.name)-\(place.name)", hostname: place.name, resolved: resolved,
      userData: UserData.text(
        user: place.settings["user"] ?? "stack", hostname: place.name, authorizedKeys: cluster.authorizedKeys),
      metadata: metadata)
  }

  /// Asks again with growing pauses, until it is so or the time is up.
  private func poll(
    _ operation: String, _ isSo: () async throws(StepError) -> Bool
  ) async throws(StepError) {
    var pause = Duration.milliseconds(100)
    let limit = cluster.bootLimit
    var waited = Duration.zero
    while !(try await isSo()) {
      try build.checkInterrupt(operation)
      guard waited < limit else {
        throw await failure(operation, "not within \(limit.components.seconds) s")
      }
      try? await cluster.clock.sleep(for: pause)
      waited += pause
      pause = min(pause * 1.5, .seconds(5))
    }
  }

  /// With the end of the console, which tells most.
  private func failure(_ operation: String, _ cause: String) async -> StepError {
    var text = cause
    if let id = build.outputs["id"], let console = try? await cluster.cloud.console(id) {
      let end = console.split(separator: "\n").suffix(15)
      if !end.isEmpty { text += "\n    the end of its console:\n    " + end.joined(separator: "\n    ") }
    }
    return StepError(
      operation: operation, subject: build.name, cause: text,
      hint: "`stackmake clean \(build.name)` deletes it for a fresh start")
  }

  private func cloud<R>(_ body: () async throws(CloudError) -> R) async throws(StepError) -> R {
    do throws(CloudError) {
      return try await body()
    } catch {
      throw StepError(error, subject: build.name)
    }
  }
}

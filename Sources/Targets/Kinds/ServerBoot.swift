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
    let register = Cluster.generationRegister(place.name)
    let last = try build.recorded("read the generation") { () throws(StoreError) in
      try build.store.registers(prefix: register)[register].flatMap { Int($0) } ?? 0
    }
    let open = try build.recorded("read the journal") { () throws(StoreError) in
      try build.store.intents().filter { $0.action == Cluster.createAction && $0.subject == place.name }
    }
    let keeps = cluster.cloud.keepsMachines
    // Nothing comes late where nothing is made.
    let isInDoubt = !open.isEmpty && !keeps
    let machines = try await machines(ofGeneration: last, isInDoubt: isInDoubt)
    // An earlier attempt of this run waited for it in vain.
    let failed = keeps || build.outputs["ip"] != nil ? nil : build.outputs["id"]
    var adopted: Machine?
    for machine in machines.sorted(by: Machine.isBetter) {
      if adopted == nil, machine.id != failed, machine.tag.generation == last, machine.status != .deleting,
        ServerKind.problem(machine.status) == nil || machine.status == .incomplete
      {
        adopted = machine
      } else if machine.status != .deleting {
        // Left by an attempt that failed or was cut off: it is ours, and nobody needs it.
        let why = machine.id == failed ? "failed" : "was left half made"
        build.note("removing \(machine.name) of generation \(machine.tag.generation), which \(why)")
        try await cloud { () async throws(CloudError) in try await cluster.cloud.delete(machine.id, wait: true) }
      }
    }
    // What was asked for and never seen has the tag that is asked for again: should it still come, it is this one.
    let isAskedAgain = isInDoubt && last > 0 && !machines.contains { $0.tag.generation == last }
    let next = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.nextGeneration(place.name, after: last)
    }
    let generation = adopted?.tag.generation ?? (isAskedAgain ? last : next)
    if let adopted { try checkWasMissed(adopted) }
    let (registers, hostKey) =
      adopted == nil ? try cluster.newGeneration(generation, of: place.name, build.store) : ([:], nil)
    let spec = try await spec(generation, hostKey)
    let intent = try build.recorded("write the journal") { () throws(StoreError) in
      try build.store.set(registers)
      return try build.store.begin(
        Intent(
          action: Cluster.createAction, subject: place.name, values: ["generation": String(generation)], at: build.now()
        ))
    }
    if keeps {
      build.note("taking it over as it is")
    } else {
      build.note(adopted == nil ? "creating \(spec.name)" : "adopting \(spec.name), which an earlier run began")
    }
    let machine = try await cloud { () async throws(CloudError) in try await cluster.cloud.create(spec) }
    try build.recorded("write the journal") { () throws(StoreError) in
      try build.store.note(intent, values: ["id": machine.id])
      for number in open.map(\.id) + [intent] { try build.store.settle(number, set: [:]) }
    }
    return machine
  }

  /// The server's machines. Where an earlier attempt ended while it asked for one, that may come to be some seconds
  /// later: then it is looked for for a while.
  private func machines(ofGeneration last: Int, isInDoubt: Bool) async throws(StepError) -> [Machine] {
    var machines = try await cluster.machines()
    func isThere() -> Bool { machines.contains { $0.tag.server == place.name && $0.tag.generation == last } }
    for pause in Self.pausesInDoubt where isInDoubt && !isThere() {
      try build.checkInterrupt("create server")
      _ = try? await cluster.clock.sleep(for: pause)
      machines = try await cluster.machines()
    }
    return machines.filter { $0.tag.server == place.name }
  }

  private static let pausesInDoubt: [Duration] = [.milliseconds(500), .seconds(2), .seconds(6)]
  /// Lists in a row that don't show a machine before it is taken for gone: one may be an old one.
  private static let missesUntilGone = 4

  /// The list that said that the recorded machine is gone was an old one: what was done on it is not to be done again.
  private func checkWasMissed(_ machine: Machine) throws(StepError) {
    guard build.situation.isObserved, build.situation.observation == nil, let trace = build.situation.trace?.outputs,
      trace["id"] == machine.id,
      trace["generation"] == String(machine.tag.generation)
    else { return }
    throw StepError(
      operation: "create server", subject: build.name,
      cause: "the cloud first didn't list \(machine.name), and then did: it is there, and nothing was done",
      hint: "run it again")
  }

  /// Waits for ACTIVE, its host keys, SSH, and the end of first boot.
  func wait() async throws(StepError) -> ServerOutputs {
    let machine = try await active(build.outputs["id"]!)
    let id = machine.id
    build.set(["id": id])
    let (keys, trust): ([HostKey], HostTrust)
    do throws(NoConsole) {
      (keys, trust) = try await hostKeys(machine)
    } catch {
      guard case .noConsole(let why) = error else { throw error.step }
      return try await again(machine, why)
    }
    let outputs = ServerOutputs(
      id: id, generation: machine.tag.generation, ip: machine.addresses[0], port: machine.port, hostKeys: keys,
      user: place.settings["user"] ?? "stack", trust: trust)
    build.note("waiting for ssh at \(outputs.ip)")
    try await firstBoot(outputs)
    guard trust == .injected else { return outputs }
    return try await HostKeyChange(cluster: cluster, build: build, server: place.name).run(outputs)
  }

  /// The cloud shows no console: another machine in its place, with a key of our own.
  private func again(_ machine: Machine, _ why: String) async throws(StepError) -> ServerOutputs {
    build.note("the cloud shows no console (\(why)): making the server anew with a host key of our own")
    try build.recorded("keep how host keys are trusted") { () throws(StoreError) in
      try build.store.set([HostTrust.register: HostTrust.injected.rawValue])
    }
    try await cloud { () async throws(CloudError) in try await cluster.cloud.delete(machine.id, wait: true) }
    build.set(["id": try await create().id])
    return try await wait()
  }

  /// The console can't be had, or something else went wrong.
  private enum NoConsole: Error {
    case noConsole(String)
    case other(StepError)

    var step: StepError {
      guard case .other(let error) = self else { preconditionFailure("BUG: no console is no failure") }
      return error
    }
  }

  /// The machine with that id; or the better one of the same tag, where a request that was thought lost made one too, and
  /// only one of the two could have the port.
  private func active(_ id: String) async throws(StepError) -> Machine {
    let operation = "wait for ACTIVE"
    let limit = Deadline(cluster, now: build.now)
    var misses = 0
    while true {
      // Not at once: those of all servers that were just asked for would be as many lists.
      let machines = try await cluster.nextMachines()
      let asked = machines.first { $0.id == id }
      if let found = machines.filter({ $0.tag == asked?.tag }).min(by: Machine.isBetter) {
        misses = 0
        if case .error(let text) = found.status { throw await failure(operation, text) }
        if found.status == .stopped { throw await failure(operation, "the machine stopped") }
        if found.status == .active, !found.addresses.isEmpty { return found }
      } else {
        misses += 1
        if misses == Self.missesUntilGone {
          throw StepError(operation: operation, subject: build.name, cause: "the machine is gone")
        }
      }
      try build.checkInterrupt(operation)
      if limit.isOver { throw await failure(operation, limit.cause) }
    }
  }

  private func hostKeys(_ machine: Machine) async throws(NoConsole) -> ([HostKey], HostTrust) {
    do throws(StepError) {
      let register = HostTrust.keyRegister(place.name)
      let given = try build.recorded("read its host keys") { () throws(StoreError) in
        try build.store.registers(prefix: register)[register].flatMap { GivenHostKeys($0) }
      }
      if let given, given.generation == machine.tag.generation, !cluster.cloud.keepsMachines {
        return (given.keys, .injected)
      }
      if cluster.hostTrust == .firstUse { return ([try await firstUse(machine)], .firstUse) }
    } catch {
      throw .other(error)
    }
    return (try await cloudKeys(machine.id), cluster.cloud.keepsMachines ? .static : .console)
  }

  private func firstUse(_ machine: Machine) async throws(StepError) -> HostKey {
    build.note("believing whoever answers at \(machine.addresses[0]), as `host_keys = first-use` says")
    do throws(ShellError) {
      return try await HostKeyScan.key(of: place.name, address: machine.addresses[0], limit: cluster.bootLimit)
    } catch {
      throw await failure(error.operation, error.cause)
    }
  }

  /// Those that the cloud knows: the console shows them, or they are pinned.
  private func cloudKeys(_ id: String) async throws(NoConsole) -> [HostKey] {
    let operation = "wait for its host keys"
    let limit = Deadline(cluster, now: build.now)
    var pause = Duration.milliseconds(250)
    while true {
      do throws(CloudError) {
        if let shown = try await cluster.cloud.hostKeys(id), !shown.isEmpty { return shown }
      } catch {
        if error.code == .unsupported { throw .noConsole(error.cause) }
        throw .other(StepError(error, subject: build.name))
      }
      do throws(StepError) {
        try build.checkInterrupt(operation)
      } catch {
        throw .other(error)
      }
      if limit.isOver {
        var error = await failure(operation, limit.cause)
        if let freshStart {
          error.hint =
            "\(freshStart); where the cloud's console stays empty, `host_keys = injected` does without it"
        }
        throw .other(error)
      }
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
        throw ShellError(.failed, host: place.name, operation: "wait for first boot", cause: "\(status)\(said.below)")
      }
    } catch {
      if error.code == .unreachable { throw await failure(error.operation, error.cause) }
      throw StepError(
        error.code == .interrupted ? .interrupted : .failed, operation: error.operation, subject: build.name,
        cause: error.cause, hint: error.hint ?? freshStart)
    }
  }

  private func spec(_ generation: Int, _ hostKey: SSHKeyPair? = nil) async throws(StepError) -> MachineSpec {
    let resolution = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.resolve([MachineWant(place)], missing: [])
    }
    guard let resolved = resolution.resolved.first(where: { $0.name == place.name }) else {
      let problems = resolution.problems.map(\.message).joined(separator: "\n    ")
      throw StepError(operation: "create server", subject: build.name, cause: problems)
    }
    return Self.spec(cluster, place, generation, resolved, hostKey)
  }

  /// All that is needed to make the machine. Pure.
  static func spec(
    _ cluster: Cluster, _ place: Place, _ generation: Int, _ resolved: ResolvedMachine, _ hostKey: SSHKeyPair? = nil
  ) -> MachineSpec {
    var metadata: [String: String] = [:]
    for (key, value) in place.settings where key.hasPrefix("meta.") { metadata[String(key.dropFirst(5))] = value }
    let tag = MachineTag(cluster: cluster.id, server: place.name, generation: generation)
    return MachineSpec(
      tag: tag,
      name: "\(cluster.name)-\(place.name)", hostname: place.name, resolved: resolved,
      userData: UserData.text(
        user: place.settings["user"] ?? "stack", hostname: place.name, authorizedKeys: cluster.authorizedKeys,
        bootLine: UserData.bootLine(tag), hostKey: hostKey),
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
    let hint = [Self.advice(cause), freshStart].compactMap { $0 }.joined(separator: ". ")
    return StepError(operation: operation, subject: build.name, cause: text, hint: hint.isEmpty ? nil : hint)
  }

  /// What to change, where the cloud's words tell it.
  private static func advice(_ cause: String) -> String? {
    guard cause.contains("No valid host was found") else { return nil }
    return "no host has room for it, or may take it: another `flavor`, `zone` or `spread` may help"
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

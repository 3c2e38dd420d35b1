import StackMake

extension ServerBoot {
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
    let choice = MachineChoice(machines, of: place.name, claim: MachineClaim(generation: last, failed: failed))
    let adopted = choice.kept
    for machine in choice.others {
      // Left by an attempt that failed or was cut off: it is ours, and nobody needs it.
      let why = machine.id == failed ? "failed" : "was left half made"
      build.note("removing \(machine.name) of generation \(machine.tag.generation), which \(why)")
      try await cloud { () async throws(CloudError) in try await cluster.cloud.delete(machine.id, wait: true) }
    }
    // What was asked for and never seen has the tag that is asked for again: should it still come, it is this one.
    let isAskedAgain = isInDoubt && last > 0 && !machines.contains { $0.tag.generation == last }
    let next = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.nextGeneration(place.name, after: last)
    }
    let generation = adopted?.tag.generation ?? (isAskedAgain ? last : next)
    if let adopted { try checkWasMissed(adopted) }
    let restore = try restore(for: generation)
    var (registers, hostKey) =
      adopted == nil ? try cluster.newGeneration(generation, of: place.name, build.store) : ([:], nil)
    if let restore { registers[Restore.register(place.name)] = restore.text }
    let spec = try await spec(generation, hostKey, from: restore?.source)
    let intent = try build.recorded("write the journal") { [registers] () throws(StoreError) in
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

  /// The snapshot that the machine is made from; nil where it is its image. An earlier attempt of this run counts as this one.
  private func restore(for generation: Int) throws(StepError) -> Restore? {
    let found = try build.recorded("read the snapshot") { () throws(StoreError) in
      try Restore.read(place.name, build.store)
    }
    guard var restore = found,
      restore.generation == 0 || restore.generation == generation || build.outputs["id"] != nil
    else { return nil }
    restore.generation = generation
    return restore
  }

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
}

import StackMake

extension ServerBoot {
  /// Waits for ACTIVE, its host keys, SSH, and the end of first boot.
  func wait() async throws(StepError) -> ServerOutputs {
    let machine = try await active(build.outputs["id"]!)
    let id = machine.id
    build.set(["id": id])
    build.note("waiting for ssh at \(machine.addresses[0])")
    guard let (keys, trust) = try await hostKeys(machine) else { return try await again(machine) }
    let outputs = ServerOutputs(
      id: id, generation: machine.tag.generation, ip: machine.addresses[0], port: machine.port, hostKeys: keys,
      user: place.settings["user"] ?? "stack", trust: trust, snapshot: try snapshot(of: machine))
    try await firstBoot(outputs)
    guard trust == .injected else { return outputs }
    return try await HostKeyChange(cluster: cluster, build: build, server: place.name).run(outputs)
  }

  /// The set that it was made from, as the cloud shows its image.
  private func snapshot(of machine: Machine) throws(StepError) -> String? {
    let restore = try build.recorded("read the snapshot") { () throws(StoreError) in
      try Restore.read(place.name, build.store)
    }
    guard let restore, restore.generation == machine.tag.generation else { return nil }
    if machine.imageID == restore.image { return restore.set }
    build.note(
      "from its image, and not from snapshot \(restore.set): it can't have the address \(restore.addresses.first ?? "")"
    )
    return nil
  }

  /// The cloud shows no console: another machine in its place, with a key of our own.
  private func again(_ machine: Machine) async throws(StepError) -> ServerOutputs {
    try build.recorded("keep how host keys are trusted") { () throws(StoreError) in
      try build.store.set([HostTrust.register: HostTrust.injected.rawValue])
    }
    try await cloud { () async throws(CloudError) in try await cluster.cloud.delete(machine.id, wait: true) }
    build.set(["id": try await create().id])
    return try await wait()
  }

  /// Lists in a row that don't show a machine before it is taken for gone: one may be an old one.
  private static let missesUntilGone = 4

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

  /// What a refused login is most likely about where servers let in the user's own key pair alone.
  private func loginHint(_ error: ShellError) -> String? {
    guard error.code == .authentication, !["local", "static"].contains(build.graph.variables["cloud"]),
      let pair = build.graph.machineWant(place).keyPair
    else { return nil }
    return "it lets in the key of key pair `\(pair)` alone: its private key must be that of `ssh_key`, or in the agent"
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
        cause: error.cause, hint: loginHint(error) ?? error.hint ?? freshStart)
    }
  }
}

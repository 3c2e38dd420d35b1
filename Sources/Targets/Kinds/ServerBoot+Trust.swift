import StackMake

extension ServerBoot {
  /// The keys that the machine is known by, and how; nil where the cloud shows no console.
  func hostKeys(_ machine: Machine) async throws(StepError) -> ([HostKey], HostTrust)? {
    let register = HostTrust.keyRegister(place.name)
    let given = try build.recorded("read its host keys") { () throws(StoreError) in
      try build.store.registers(prefix: register)[register].flatMap { GivenHostKeys($0) }
    }
    if let given, given.generation == machine.tag.generation, !cluster.cloud.keepsMachines {
      return (given.keys, .injected)
    }
    switch cluster.hostTrust {
    case .firstUse: return ([try await firstUse(machine)], .firstUse)
    case .static: return try await shownKeys(machine.id).map { ($0, .static) }
    case .console, .injected:
      try await answers(machine)
      return try await shownKeys(machine.id).map { ($0, .console) }
    }
  }

  private func firstUse(_ machine: Machine) async throws(StepError) -> HostKey {
    build.note("believing whoever answers at \(machine.addresses[0]), as `host_keys = first-use` says")
    do throws(ShellError) {
      return try await HostKeyScan.key(of: place.name, address: machine.addresses[0], limit: cluster.bootLimit)
    } catch {
      throw await failure(error.operation, error.cause)
    }
  }

  /// Waits until somebody listens where the server is to be reached: until then its console needn't be asked for. Who it
  /// is, the console says.
  private func answers(_ machine: Machine) async throws(StepError) {
    let operation = "connect to \(machine.addresses[0]) port \(machine.port)"
    let begin = build.now()
    let limit = Deadline(cluster, now: build.now)
    var pause = Duration.milliseconds(200)
    while let reason = await cluster.shells.refusal(address: machine.addresses[0], port: machine.port) {
      try build.checkInterrupt(operation)
      if limit.isOver {
        throw await failure(operation, "\(reason) (tried for \(cluster.bootLimit.components.seconds) seconds)")
      }
      _ = try? await cluster.clock.sleep(for: pause)
      pause = min(pause * 1.2, .seconds(1))
    }
    // sshd is there before cloud-init shows the keys: by about a quarter of what the boot took until then.
    let lead = min(Duration.milliseconds(Int((build.now() - begin) * 350)), .seconds(10))
    _ = try? await cluster.clock.sleep(for: lead)
  }

  /// Those that the cloud knows: the console shows them, or they are pinned. Nil where it shows no console.
  private func shownKeys(_ id: String) async throws(StepError) -> [HostKey]? {
    let operation = "wait for its host keys"
    let limit = Deadline(cluster, now: build.now)
    while true {
      do throws(CloudError) {
        if let shown = try await cluster.consoles.hostKeys(id, unless: { [build] in build.interrupt.isRequested }) {
          return shown
        }
      } catch {
        guard error.code == .unsupported else { throw StepError(error, subject: build.name) }
        build.note("the cloud shows no console (\(error.cause)): making the server anew with a host key of our own")
        return nil
      }
      try build.checkInterrupt(operation)
      if limit.isOver {
        var error = await failure(operation, limit.cause)
        if let freshStart {
          error.hint =
            "\(freshStart); where the cloud's console stays empty, `host_keys = injected` does without it"
        }
        throw error
      }
    }
  }

  /// The end of the time that a machine may take.
  struct Deadline {
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
}

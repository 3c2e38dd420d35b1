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

  func spec(
    _ generation: Int, _ hostKey: SSHKeyPair? = nil, from snapshot: SnapshotSource? = nil
  ) async throws(StepError) -> MachineSpec {
    let resolution = try await cloud { () async throws(CloudError) in
      try await cluster.cloud.resolve([build.graph.machineWant(place)], missing: [])
    }
    guard let resolved = resolution.resolved.first(where: { $0.name == place.name }) else {
      let problems = resolution.problems.map(\.message).joined(separator: "\n    ")
      throw StepError(operation: "create server", subject: build.name, cause: problems)
    }
    let end = try await cluster.end(build.store, at: build.now())
    return Self.spec(cluster, place, generation, resolved, hostKey, expiresAt: end, from: snapshot)
  }

  /// All that is needed to make the machine. Pure.
  static func spec(
    _ cluster: Cluster, _ place: Place, _ generation: Int, _ resolved: ResolvedMachine, _ hostKey: SSHKeyPair? = nil,
    expiresAt: Double? = nil, from snapshot: SnapshotSource? = nil
  ) -> MachineSpec {
    var metadata: [String: String] = [:]
    for (key, value) in place.settings where key.hasPrefix("meta.") { metadata[String(key.dropFirst(5))] = value }
    // Whoever names a key pair lets in that key, and none of the cluster's own.
    let keys = resolved.keyPair.map { [$0.publicKey] } ?? cluster.authorizedKeys
    let tag = MachineTag(cluster: cluster.id, server: place.name, generation: generation)
    return MachineSpec(
      tag: tag,
      name: "\(cluster.name)-\(place.name)", hostname: place.name, resolved: resolved,
      userData: UserData.text(
        user: place.settings["user"] ?? "stack", hostname: place.name, authorizedKeys: keys,
        bootLine: UserData.bootLine(tag), hostKey: hostKey),
      metadata: metadata, authorizedKeys: keys, expiresAt: expiresAt, snapshot: snapshot)
  }

  /// Gives the standing machine what can be given to it in place.
  func update() async throws(StepError) {
    guard let outputs = build.situation.trace.flatMap({ ServerOutputs($0.outputs) }) else { return }
    let spec = try await spec(outputs.generation)
    build.note("changing its metadata and security groups")
    try await cloud { () async throws(CloudError) in try await cluster.cloud.update(outputs.id, spec) }
  }

  /// With the end of the console, which tells most.
  func failure(_ operation: String, _ cause: String) async -> StepError {
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
  var freshStart: String? {
    cluster.cloud.keepsMachines ? nil : "`stackmake clean \(build.name)` deletes it for a fresh start"
  }

  func cloud<R>(_ body: () async throws(CloudError) -> R) async throws(StepError) -> R {
    do throws(CloudError) {
      return try await body()
    } catch {
      throw StepError(error, subject: build.name)
    }
  }
}

import FoundationEssentials
import SystemPackage

/// Machines on this host: Debian under systemd-nspawn, each with its own disk, address, systemd, cloud-init and sshd.
///
/// Everything is in files under a root: any stackmake that is given the same root sees the same machines, and what one
/// left half made the next one completes or deletes. A machine runs under a supervisor of its own, and needs no
/// stackmake. `create` with the tag of a machine that is stopped starts it again.
package final class LocalCloud: Cloud {
  let host: LocalHost
  let files: RootFiles
  let runner: MachineRunner
  private let lists: Watches<[Machine]>

  package init(_ settings: LocalSettings, clock: any Clock<Duration> = ContinuousClock()) {
    lists = Watches(clock: clock)
    host = LocalHost(settings)
    files = RootFiles(root: settings.root)
    runner = MachineRunner(host: host, files: files)
  }

  package func resolve(
    _ wants: [MachineWant], missing: Set<String>
  ) async throws(CloudError) -> CloudResolution {
    let known = try await host.ready()
    let catalog = LocalCatalog(mirrors: known.mirrors)
    var resolution = catalog.resolve(wants, missing: missing, try await capacity(known))
    for image in Set(resolution.resolved.map(\.imageID)).sorted() {
      guard let recipe = ImageRecipe.image(ofID: image).flatMap(catalog.recipe),
        let problem = try await runner.images(known).problem(recipe)
      else { continue }
      let servers = resolution.resolved.filter { $0.imageID == image }.map(\.name)
      resolution.resolved.removeAll { $0.imageID == image }
      resolution.problems.append(
        CloudProblem(
          servers: servers, setting: "image", message: problem, hint: "check that this host reaches the mirror"))
    }
    return resolution
  }

  /// What it has to choose from. Throws with everything that this host lacks.
  package func menu() async throws(CloudError) -> CloudMenu {
    _ = try await host.ready()
    return LocalCatalog.menu
  }

  /// What this host has of what machines need, and how much of it is given out. Throws with everything that it lacks.
  package func examine() async throws(CloudError) -> [DoctorFinding] {
    let capacity = try await capacity(try await host.ready())
    return [
      DoctorFinding(.host, "user, programs, kernel and file system are as machines need them"),
      DoctorFinding(.quota, used: capacity.standing.count, limit: capacity.maximumMachines, of: "servers"),
      DoctorFinding(
        .quota, used: capacity.standing.reduce(0) { $0 + $1.memory }, limit: capacity.maximumMemory, of: "MiB of memory"
      ),
    ]
  }

  package func machines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    try HostCheck.checkUser(host.settings, "list servers")
    return try await watch(cluster).now()
  }

  package func allMachines() async throws(CloudError) -> [Machine] {
    try HostCheck.checkUser(host.settings, "list servers")
    let files = files
    return try await offload { () throws(CloudError) in
      try files.records().map { files.machine($0.id).machine($0) }
    }
  }

  package func nextMachines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    try await watch(cluster).next()
  }

  private func watch(_ cluster: String) -> Watch<[Machine]> {
    lists.of(cluster) { [files] () async throws(CloudError) in
      try await offload { () throws(CloudError) in
        try files.records().filter { $0.cluster == cluster }.map { files.machine($0.id).machine($0) }
      }
    }
  }

  package func create(_ spec: MachineSpec) async throws(CloudError) -> Machine {
    try await create(spec, LocalExtras())
  }

  /// As `create`, with what only a machine of this host can be given. Where the machine exists already, it has what it
  /// was made with.
  package func create(_ spec: MachineSpec, _ extras: LocalExtras) async throws(CloudError) -> Machine {
    let known = try await host.ready()
    var record = try await enter(spec, extras, known)
    let files = files
    if try await offload({ [record] () throws(CloudError) in DiskFile.exists(files.machine(record.id).deleting) }) {
      // A deletion that was cut off: it ends first.
      try await delete(record.id, wait: true)
      record = try await enter(spec, extras, known)
    }
    return try await runner.complete(record.id, "create server `\(spec.name)`", known)
  }

  package func rebuild(_ id: String, _ spec: MachineSpec) async throws(CloudError) -> Machine {
    let operation = "rebuild server `\(spec.name)`"
    let known = try await host.ready()
    let machine = try machineFiles(id, operation)
    try await runner.locked(machine.lock, operation) { () async throws(CloudError) in
      try await offload { () throws(CloudError) in
        guard var record = try machine.record() else {
          throw CloudError(.notFound, operation: operation, cause: "there is no machine `\(id)`")
        }
        guard record.cluster == spec.tag.cluster, record.server == spec.tag.server else {
          throw CloudError(
            .failed, operation: operation, cause: "machine `\(id)` is \(record.server) of cluster \(record.cluster)")
        }
        if record.generation == spec.tag.generation { return }
        record.take(spec)
        try machine.write(record)
      }
    }
    return try await runner.complete(id, operation, known)
  }

  package func update(_ id: String, _ spec: MachineSpec) async throws(CloudError) {
    let operation = "update server `\(spec.name)`"
    let machine = try machineFiles(id, operation)
    try await runner.locked(machine.lock, operation) { () async throws(CloudError) in
      try await offload { () throws(CloudError) in
        guard var record = try machine.record() else {
          throw CloudError(.notFound, operation: operation, cause: "there is no machine `\(id)`")
        }
        record.metadata = spec.metadata
        record.expiresAt = spec.expiresAt
        try machine.write(record)
      }
    }
  }

  /// Takes under a second, so that it waits in any case.
  package func delete(_ id: String, wait: Bool) async throws(CloudError) {
    try HostCheck.checkUser(host.settings, "delete server")
    guard RootFiles.isID(id) else { return }
    try await runner.delete(id, "delete server `\(id)`")
  }

  /// Shuts a machine down, or ends it where it doesn't go; its disk and address stay.
  package func stop(_ id: String) async throws(CloudError) {
    _ = try machineFiles(id, "stop a machine")
    try await runner.shutDown(id, "stop machine `\(id)`")
  }

  /// Boots a machine that is stopped. One that runs is fine.
  @discardableResult
  package func start(_ id: String) async throws(CloudError) -> Machine {
    _ = try machineFiles(id, "start a machine")
    return try await runner.complete(id, "start machine `\(id)`", try await host.ready())
  }

  package func console(_ id: String) async throws(CloudError) -> String {
    let machine = try machineFiles(id, "read the console")
    return try await offload { () throws(CloudError) in
      guard let record = try machine.record() else {
        throw CloudError(.notFound, operation: "read the console", cause: "there is no machine `\(id)`")
      }
      return try machine.generation(record.generation).consoleText()
    }
  }

  package func hostKeys(_ id: String) async throws(CloudError) -> [HostKey]? {
    let machine = try machineFiles(id, "read host keys")
    return try await offload { () throws(CloudError) in
      guard let record = try machine.record() else {
        throw CloudError(.notFound, operation: "read host keys", cause: "there is no machine `\(id)`")
      }
      return try machine.generation(record.generation).hostKeys()
    }
  }

  /// The record for the spec's tag, made now if there is none: from then on the machine exists.
  private func enter(
    _ spec: MachineSpec, _ extras: LocalExtras, _ known: LocalHost.Known
  ) async throws(CloudError) -> MachineRecord {
    let operation = "create server `\(spec.name)`"
    guard let memory = LocalCatalog.flavors[spec.resolved.flavorID] else {
      throw CloudError(.notFound, operation: operation, cause: "there is no flavor `\(spec.resolved.flavorID)`")
    }
    let files = files
    let settings = host.settings
    try await offload { () throws(CloudError) in
      try DiskFile.makeDirectory(files.root)
      try DiskFile.makeDirectory(files.machines, mode: 0o700)
    }
    return try await runner.locked(files.lock, operation) { () async throws(CloudError) in
      let records = try await offload { () throws(CloudError) in try files.records() }
      if let record = records.first(where: { $0.tag == spec.tag }) { return record }
      let problems = LocalCatalog.problems(
        adding: [(spec.tag.server, memory)], to: Self.capacity(records, settings, known))
      guard problems.isEmpty else {
        throw CloudError(
          .quota, operation: operation, cause: problems.map(\.message).joined(separator: "; "), hint: problems[0].hint)
      }
      let network = try await runner.network(operation)
      let used = Set(records.flatMap(\.addresses))
      let reserved = try await offload { () throws(CloudError) in
        Set(
          try files.snapshots(areWhole: true).filter {
            $0.tag.server != spec.tag.server || $0.tag.cluster != spec.tag.cluster
          }
          .flatMap(\.addresses))
      }
      let address = try Self.address(extras, spec.snapshot, network, used: used, reserved: reserved, operation)
      for more in extras.moreAddresses { _ = try network.address(more, used: used, operation) }
      let ids = Set(records.map(\.id))
      let tag = spec.tag
      var id = MachineRecord.short(files.mark, tag.cluster, tag.server, String(tag.generation))
      while ids.contains(id) { id = MachineRecord.short(id) }
      let record = MachineRecord(
        spec, extras, id: id, address: address, createdAt: settings.now())
      try await offload { () throws(CloudError) in try files.enter(record) }
      return record
    }
  }

  /// The one that is asked for, or the snapshot's where it is free, or one that no snapshot waits for.
  private static func address(
    _ extras: LocalExtras, _ snapshot: SnapshotSource?, _ network: LocalNetwork, used: Set<String>,
    reserved: Set<String>, _ operation: String
  ) throws(CloudError) -> String {
    if extras.address == nil {
      if let wish = snapshot?.addresses.first, let address = try? network.address(wish, used: used, operation) {
        return address
      }
      if let free = network.freeAddress(used.union(reserved)) { return free }
    }
    return try network.address(extras.address, used: used, operation)
  }

  private func capacity(_ known: LocalHost.Known) async throws(CloudError) -> LocalCatalog.Capacity {
    let files = files
    let records = try await offload { () throws(CloudError) in try files.records() }
    return Self.capacity(records, host.settings, known)
  }

  private static func capacity(
    _ records: [MachineRecord], _ settings: LocalSettings, _ known: LocalHost.Known
  ) -> LocalCatalog.Capacity {
    LocalCatalog.Capacity(
      maximumMachines: settings.maximumMachines, maximumMemory: known.memory * settings.memoryOvercommit,
      standing: records.map { .init(server: $0.server, memory: LocalCatalog.flavors[$0.flavor] ?? 0) })
  }

  func machineFiles(_ id: String, _ operation: String) throws(CloudError) -> MachineFiles {
    try HostCheck.checkUser(host.settings, operation)
    guard RootFiles.isID(id) else {
      throw CloudError(.notFound, operation: operation, cause: "there is no machine `\(id)`")
    }
    return files.machine(id)
  }
}

import SystemPackage

/// Images of machines' disks: what lies over the base image, without what makes a machine itself (host keys, what cloud-init
/// did). The files are those of the machine that it was made of, and of those that are made from it: see DiskLayers.
extension LocalCloud {
  package var makesSnapshots: Bool { true }

  package func snapshots(ofCluster cluster: String) async throws(CloudError) -> [Snapshot] {
    try HostCheck.checkUser(host.settings, "list snapshots")
    let files = files
    return try await offload { () throws(CloudError) in
      let records =
        try files.snapshots(areWhole: true).map { $0.snapshot(isWhole: true) }
        + files.snapshots(areWhole: false).map { $0.snapshot(isWhole: false) }
      return records.filter { $0.tag.cluster == cluster }.sorted { ($0.tag.server, $0.id) < ($1.tag.server, $1.id) }
    }
  }

  package func makeSnapshot(of id: String, _ tag: SnapshotTag) async throws(CloudError) -> Snapshot {
    let operation = "make a snapshot of `\(tag.server)`"
    let machine = try machineFiles(id, operation)
    let (files, now) = (files, host.settings.now())
    let place = files.snapshot(tag)
    return try await runner.locked(machine.lock, operation) { () async throws(CloudError) -> Snapshot in
      let record = try await runner.standing(machine, operation)
      let generation = machine.generation(record.generation)
      guard record.cluster == tag.cluster, record.server == tag.server else {
        throw CloudError(
          .failed, operation: operation, cause: "machine `\(id)` is \(record.server) of cluster \(record.cluster)")
      }
      let whole = try await offload { () throws(CloudError) in
        try SnapshotFiles.record(place.whole)?.snapshot(isWhole: true)
      }
      if let whole, whole.status == .active { return whole }
      let base = try await offload { () throws(CloudError) -> BaseImage? in
        guard generation.supervisor() == nil else {
          throw CloudError(.conflict, operation: operation, cause: "machine `\(id)` runs")
        }
        return try generation.baseImage()
      }
      guard let base else {
        throw CloudError(
          .unsupported, operation: operation,
          cause: "an older stackmake made its disk, and kept no note of its base image",
          hint: "`stackmake clean server/\(tag.server)`, build it again, then make the snapshot")
      }
      let new = SnapshotRecord(id: place.id, tag: tag, addresses: record.addresses, base: base, createdAt: now)
      try await runner.remove([place.new, place.whole])
      try await offload { () throws(CloudError) in
        try DiskFile.makeDirectory(files.snapshotDirectory, mode: 0o700)
        try DiskFile.makeDirectory(place.new, mode: 0o700)
        try DiskFile.write(DiskFile.json(new), to: place.new.appending(SnapshotFiles.recordName), mode: 0o600)
      }
      try await host.programs.script(operation, DiskLayers.snapshot(of: generation, to: place.new))
      return try await offload { () throws(CloudError) in
        try DiskFile.rename(place.new, place.whole)
        return new.snapshot(isWhole: true)
      }
    }
  }

  /// What belongs to a machine goes with it, and the network with the last one: what else there is are snapshots.
  package func resources(
    ofCluster cluster: String, _ kinds: Set<CloudResource.Kind>
  ) async throws(CloudError) -> [CloudResource] {
    kinds.contains(.snapshot) ? try await snapshots(ofCluster: cluster).map(\.resource) : []
  }

  package func delete(_ resource: CloudResource) async throws(CloudError) {
    let operation = "delete \(resource.kind.rawValue) `\(resource.name)`"
    try HostCheck.checkUser(host.settings, operation)
    guard resource.kind == .snapshot, RootFiles.isID(resource.id) else { return }
    let files = files
    try await runner.locked(files.lock, operation) { () async throws(CloudError) in
      try await offload { () throws(CloudError) in
        let place = files.snapshot(resource.id)
        // Out of the list at once: a copy that is half removed would look whole.
        for directory in [place.whole, place.new] where DiskFile.exists(directory) {
          try files.discard(directory, as: resource.id)
        }
      }
    }
    try await runner.tidy(operation)
  }
}

extension MachineRunner {
  /// What the machine's disk is made over: what it was made over before, or its snapshot was, else its image as it is now.
  func base(
    _ recipe: ImageRecipe, _ record: MachineRecord, _ generation: GenerationFiles, _ known: LocalHost.Known
  ) async throws(CloudError) -> BaseImage {
    let operation = "create server `\(record.name)`"
    let (files, isMade) = (files, try await offload { () throws(CloudError) in DiskFile.exists(generation.script) })
    if isMade, let base = try await offload({ () throws(CloudError) in try generation.baseImage() }), base.isThere {
      return base
    }
    if let snapshot = record.snapshot, !isMade {
      let base = try await offload { () throws(CloudError) in
        try SnapshotFiles.record(files.snapshot(snapshot).whole)?.base
      }
      guard let base, base.isThere else {
        throw CloudError(
          .notFound, operation: operation, cause: "snapshot `\(snapshot)`, or the base image below it, is gone",
          hint: "`stackmake clean server/\(record.server)`, then build it again from its image")
      }
      return base
    }
    let path = try await images(known).base(recipe)
    guard let base = try await offload({ () throws(CloudError) in BaseImage(path) }) else {
      throw CloudError(.notFound, operation: operation, cause: "the base image \(path) is gone")
    }
    return base
  }

  /// The layers of a new disk, as the snapshot has them.
  func restore(_ snapshot: String, to generation: GenerationFiles, _ operation: String) async throws(CloudError) {
    try await offload { () throws(CloudError) in try DiskFile.makeDirectory(generation.directory) }
    try await host.programs.script(operation, DiskLayers.restore(files.snapshot(snapshot).whole, to: generation))
  }
}

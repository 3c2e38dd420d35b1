import FoundationEssentials
package import StackMake
package import SystemPackage

/// Servers that exist already: the layout says where. `create` takes one over, `delete` forgets it, and neither
/// touches it; which generation a machine is, is kept in the record.
package final class StaticCloud: Cloud {
  private let places: [Place]
  private let ledger: StaticLedger
  private let fileSystem: any FileSystem
  private let directory: FilePath
  private let home: FilePath?

  /// - Parameters:
  ///   - places: all servers of the layout.
  ///   - directory: the Stackfile's.
  ///   - home: the user's, for `~/.ssh/known_hosts`.
  package init(
    places: [Place], store: any Store, fileSystem: any FileSystem, directory: FilePath, home: FilePath?
  ) {
    self.places = places
    ledger = StaticLedger(store: store)
    self.fileSystem = fileSystem
    self.directory = directory
    self.home = home
  }

  package var keepsMachines: Bool { true }

  package func resolve(
    _ wants: [MachineWant], missing: Set<String>
  ) async throws(CloudError) -> CloudResolution {
    try catalog().resolve(wants.map(\.name), among: places)
  }

  package func machines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    try ledger.entries().filter(\.value.isTaken).sorted { $0.key < $1.key }.map { machine(cluster, $0.key, $0.value) }
  }

  /// Nothing of it changes by waiting.
  /// None: they were there before.
  package func allMachines() async throws(CloudError) -> [Machine] { [] }

  package func nextMachines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    try await machines(ofCluster: cluster)
  }

  /// Takes the machine over that the layout names, and refuses one of which it isn't known that it is as it should be.
  package func create(_ spec: MachineSpec) async throws(CloudError) -> Machine {
    let server = spec.tag.server
    let operation = "take over server `\(server)`"
    let host = try host(server, operation)
    let entries = try ledger.entries()
    if let other = entries.first(where: { $0.key != server && $0.value.id == host.id }) {
      throw locked(
        operation, server, "\(host.id) was server `\(other.key)` of this cluster",
        other.value.isTaken ? "`stackmake prune` forgets `\(other.key)`. " : "")
    }
    if let entry = entries[server] {
      if entry.id != host.id { throw locked(operation, server, "it was \(entry.id), and is \(host.id) now") }
      if entry.isHalfReset { throw locked(operation, server, "its reset was cut off, or failed") }
    }
    let entry = StaticLedger.Entry(host, generation: spec.tag.generation, isTaken: true)
    try ledger.set([server: entry])
    return machine(spec.tag.cluster, server, entry)
  }

  /// A machine that was forgotten, and is taken over again, is the same: what ran once on it may not run again.
  package func nextGeneration(_ server: String, after last: Int) async throws(CloudError) -> Int {
    try ledger.entries()[server]?.generation ?? last + 1
  }

  /// Only the user makes a machine fresh: `declareFresh` is told of it.
  package func rebuild(_ id: String, _ spec: MachineSpec) async throws(CloudError) -> Machine {
    throw CloudError(
      .unsupported, operation: "rebuild server `\(spec.name)`", cause: "it is a server that exists, without an image")
  }

  package func update(_ id: String, _ spec: MachineSpec) async throws(CloudError) {}

  /// Forgets that it is in use, and touches nothing.
  package func delete(_ id: String, wait: Bool) async throws(CloudError) {
    guard let (server, taken) = try ledger.taken(id) else { return }
    var entry = taken
    entry.isTaken = false
    try ledger.set([server: entry])
  }

  package func console(_ id: String) async throws(CloudError) -> String { "" }

  package func hostKeys(_ id: String) async throws(CloudError) -> [HostKey]? {
    let operation = "look up the host key of \(id)"
    guard let (server, _) = try ledger.taken(id) else {
      throw CloudError(.notFound, operation: operation, cause: "no server is \(id)")
    }
    return try pins(server, operation)
  }

  package func resources(
    ofCluster cluster: String, _ kinds: Set<CloudResource.Kind>
  ) async throws(CloudError) -> [CloudResource] { [] }
  package func delete(_ resource: CloudResource) async throws(CloudError) {}

  // MARK: Fresh starts

  /// Notes that what is on the server's machine isn't known, until it is fresh.
  func beginReset(_ server: String) throws(CloudError) {
    guard var entry = try ledger.entries()[server] else { return }
    entry.isHalfReset = true
    try ledger.set([server: entry])
  }

  /// Takes the machine that the layout names for fresh: what it was before counts no more. It is of a new generation.
  package func declareFresh(_ server: String) throws(CloudError) {
    let host = try host(server, "take server `\(server)` for fresh")
    let entries = try ledger.entries()
    let generation = try max(ledger.lastGeneration(server), entries[server]?.generation ?? 0) + 1
    var changes: [String: StaticLedger.Entry?] = [:]
    let isTaken = entries[server].map { $0.isTaken && $0.id == host.id } ?? false
    changes[server] = StaticLedger.Entry(host, generation: generation, isTaken: isTaken)
    for (other, entry) in entries where other != server && entry.id == host.id && !entry.isTaken {
      changes[other] = .some(nil)
    }
    try ledger.set(changes, generations: [server: generation])
  }

  /// How the server is reached, as the layout and known_hosts say now.
  func outputs(_ place: Place) throws(CloudError) -> ServerOutputs {
    let operation = "look up how `\(place.name)` is reached"
    let host = try host(place.name, operation)
    let generation = try ledger.entries()[place.name]?.generation ?? 0
    return ServerOutputs(
      id: host.id, generation: generation, ip: host.address, port: host.port,
      hostKeys: try pins(place.name, operation), user: place.settings["user"] ?? "stack", trust: .static)
  }

  // MARK: Parts

  private func host(_ server: String, _ operation: String) throws(CloudError) -> StaticHost {
    guard let place = places.first(where: { $0.name == server }) else {
      throw CloudError(.notFound, operation: operation, cause: "the layout has no server `\(server)`")
    }
    let (host, problems) = StaticHost.read(place)
    if let host { return host }
    throw CloudError(
      .failed, operation: operation, cause: problems.map(\.message).joined(separator: "; "),
      hint: problems.compactMap(\.hint).first)
  }

  private func pins(_ server: String, _ operation: String) throws(CloudError) -> [HostKey] {
    switch try catalog().pins(of: host(server, operation)) {
    case .keys(let keys): return keys
    case .failure(let problem):
      throw CloudError(.failed, operation: operation, cause: problem.message, hint: problem.hint)
    }
  }

  /// Read anew each time: a reset may have changed known_hosts.
  private func catalog() throws(CloudError) -> StaticCatalog {
    var known = KnownHosts("")
    for path in [home?.appending(".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"] {
      guard let path else { continue }
      do throws(FileError) {
        known.add(String(decoding: try fileSystem.read(path), as: UTF8.self))
      } catch {
        if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { continue }
        throw CloudError(.failed, operation: "read known_hosts", cause: "\(error)")
      }
    }
    let (fileSystem, directory, home) = (fileSystem, directory, home)
    return StaticCatalog(knownHosts: known) { key in
      do throws(FileError) {
        _ = try fileSystem.read(StaticHost.keyPath(key, directory: directory, home: home))
        return nil
      } catch {
        return error.errno.description
      }
    }
  }

  private func machine(_ cluster: String, _ server: String, _ entry: StaticLedger.Entry) -> Machine {
    Machine(
      id: entry.id, name: server,
      tag: MachineTag(cluster: cluster, server: server, generation: entry.generation),
      status: entry.isHalfReset ? .incomplete : .active, addresses: [entry.address], imageID: "none",
      flavorID: "none", createdAt: 0, port: entry.port)
  }

  private func locked(_ operation: String, _ server: String, _ cause: String, _ before: String = "") -> CloudError {
    CloudError(
      .locked, operation: operation, cause: "\(cause): what has run on it isn't known",
      hint: before + "make it fresh (reinstall it), then `stackmake clean server/\(server) --fresh`")
  }
}

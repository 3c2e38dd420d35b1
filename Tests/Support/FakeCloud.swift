import Synchronization
package import Targets

/// A cloud in a dictionary: with a log of what was asked, and faults on demand.
package final class FakeCloud: Cloud {
  package struct State: Sendable {
    package var machines: [String: Machine] = [:]
    /// Each call in order: `create c1/web-1 1`, `delete id-1`.
    package var log: [String] = []
    /// Thrown by the next calls whose log line begins with the key, once each; `after` faults first do what was asked.
    package var faults: [Fault] = []
    /// Statuses that a machine of this server shows, one at each listing, before it is active.
    package var bootStatuses: [String: [Machine.Status]] = [:]
    package var images = ["debian-12": "sum-12", "debian-13": "sum-13"]
    package var flavors: Set<String> = ["m1.tiny", "m1.small"]
    package var maximumMachines = 100
    package var made = 0
    package var resources: [CloudResource] = []
    package var snapshots: [Snapshot] = []
    package var makesSnapshots = true
    package var metadata: [String: [String: String]] = [:]
    /// What machines of a server have written on their consoles, instead of the usual.
    package var consoles: [String: String] = [:]
    /// Told each call before it does anything.
    package var watcher: (@Sendable (String) -> Void)?
  }

  package struct Fault: Sendable {
    package var prefix: String
    package var error: CloudError
    /// Whether what was asked is done before the error comes back, as when an answer is lost.
    package var isLate: Bool

    package init(_ prefix: String, _ error: CloudError, isLate: Bool = false) {
      self.prefix = prefix
      self.error = error
      self.isLate = isLate
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// Changes what the cloud holds, or reads it.
  package func with<R>(_ body: (inout sending State) -> sending R) -> R { state.withLock { body(&$0) } }

  package var log: [String] { state.withLock { $0.log } }

  private func call<R: Sendable>(
    _ line: String, _ body: (inout State) throws(CloudError) -> R
  ) throws(CloudError) -> R {
    state.withLock { $0.watcher }?(line)
    let result: Result<R, CloudError> = state.withLock { state in
      state.log.append(line)
      let fault = state.faults.firstIndex { line.hasPrefix($0.prefix) }.map { state.faults.remove(at: $0) }
      if let fault, !fault.isLate { return .failure(fault.error) }
      do throws(CloudError) {
        let value = try body(&state)
        if let fault { return .failure(fault.error) }
        return .success(value)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  package func resolve(
    _ wants: [MachineWant], missing: Set<String>
  ) async throws(CloudError) -> CloudResolution {
    try call("resolve \(wants.count)") { state in
      var result = CloudResolution(resolved: [], problems: [])
      for want in wants {
        var problems: [CloudProblem] = []
        func check(_ setting: String, _ isKnown: Bool, _ name: String) {
          if isKnown { return }
          problems.append(
            CloudProblem(servers: [want.name], setting: setting, message: "no \(setting) called `\(name)`"))
        }
        check("image", state.images[want.image] != nil, want.image)
        check("flavor", state.flavors.contains(want.flavor), want.flavor)
        check("zone", ["nova", nil].contains(want.zone), want.zone ?? "")
        check("network", ["private", nil].contains(want.network), want.network ?? "")
        result.problems += problems
        guard problems.isEmpty else { continue }
        result.resolved.append(
          ResolvedMachine(
            name: want.name, imageID: "id-of-\(want.image)", imageChecksum: state.images[want.image]!,
            flavorID: want.flavor, zones: ["nova"], network: ResolvedNetwork(id: "private")))
      }
      if state.machines.count + missing.count > state.maximumMachines {
        result.problems.append(CloudProblem(servers: missing.sorted(), setting: "quota", message: "too many machines"))
      }
      return result
    }
  }

  package func machines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    try call("list \(cluster)") { state in
      let found = state.machines.values.filter { $0.tag.cluster == cluster }.sorted { $0.id < $1.id }
      for machine in found where machine.status == .building {
        var left = state.bootStatuses[machine.tag.server] ?? []
        state.machines[machine.id]!.status = left.isEmpty ? .active : left.removeFirst()
        state.bootStatuses[machine.tag.server] = left
      }
      return found
    }
  }

  package func allMachines() async throws(CloudError) -> [Machine] {
    try call("list") { $0.machines.values.sorted { $0.id < $1.id } }
  }

  package func nextMachines(ofCluster cluster: String) async throws(CloudError) -> [Machine] {
    try await machines(ofCluster: cluster)
  }

  package func create(_ spec: MachineSpec) async throws(CloudError) -> Machine {
    try call("create \(spec.tag.cluster)/\(spec.tag.server) \(spec.tag.generation)") { (state) throws(CloudError) in
      if let machine = state.machines.values.first(where: { $0.tag == spec.tag }) {
        if machine.status == .incomplete { state.machines[machine.id]!.status = .building }
        return state.machines[machine.id]!
      }
      guard state.machines.count < state.maximumMachines else {
        throw CloudError(.quota, operation: "create server", cause: "too many machines")
      }
      state.made += 1
      var addresses = ["10.0.0.\(state.made)"]
      if let wish = spec.snapshot?.addresses, !state.machines.values.contains(where: { $0.addresses == wish }) {
        addresses = wish
      }
      let machine = Machine(
        id: "id-\(state.made)", name: spec.name, tag: spec.tag, status: .building, addresses: addresses,
        imageID: Self.image(spec, addresses), flavorID: spec.resolved.flavorID, createdAt: Double(state.made),
        expiresAt: spec.expiresAt)
      state.machines[machine.id] = machine
      return machine
    }
  }

  package func rebuild(_ id: String, _ spec: MachineSpec) async throws(CloudError) -> Machine {
    try call("rebuild \(id) \(spec.tag.generation)") { (state) throws(CloudError) in
      guard var machine = state.machines[id] else {
        throw CloudError(.notFound, operation: "rebuild server", cause: "there is no machine `\(id)`")
      }
      if machine.tag.generation == spec.tag.generation { return machine }
      machine.tag = spec.tag
      machine.imageID = Self.image(spec, machine.addresses)
      machine.status = .building
      machine.expiresAt = spec.expiresAt
      state.machines[id] = machine
      return machine
    }
  }

  private static func image(_ spec: MachineSpec, _ addresses: [String]) -> String {
    spec.snapshot.flatMap { $0.addresses == addresses ? $0.imageID : nil } ?? spec.resolved.imageID
  }

  package var makesSnapshots: Bool { state.withLock { $0.makesSnapshots } }

  package func stop(_ id: String) async throws(CloudError) {
    try call("stop \(id)") { state in state.machines[id]?.status = .stopped }
  }

  @discardableResult
  package func start(_ id: String) async throws(CloudError) -> Machine {
    try call("start \(id)") { (state) throws(CloudError) in
      guard let machine = state.machines[id] else {
        throw CloudError(.notFound, operation: "start server", cause: "there is no machine `\(id)`")
      }
      if machine.status == .stopped { state.machines[id]!.status = .active }
      return state.machines[id]!
    }
  }

  package func makeSnapshot(of id: String, _ tag: SnapshotTag) async throws(CloudError) -> Snapshot {
    try call("snapshot \(id) \(tag.set)") { (state) throws(CloudError) in
      guard let machine = state.machines[id] else {
        throw CloudError(.notFound, operation: "make a snapshot", cause: "there is no machine `\(id)`")
      }
      if let old = state.snapshots.first(where: { $0.tag == tag && $0.status == .active }) { return old }
      guard machine.status == .stopped else {
        throw CloudError(.conflict, operation: "make a snapshot", cause: "machine `\(id)` runs")
      }
      state.snapshots.removeAll { $0.tag == tag }
      state.made += 1
      let snapshot = Snapshot(id: "image-\(state.made)", tag: tag, status: .active, createdAt: Double(state.made))
      state.snapshots.append(snapshot)
      return snapshot
    }
  }

  package func snapshots(ofCluster cluster: String) async throws(CloudError) -> [Snapshot] {
    try call("snapshots \(cluster)") { $0.snapshots.filter { $0.tag.cluster == cluster } }
  }

  package func delete(_ id: String, wait: Bool) async throws(CloudError) {
    try call("delete \(id)") { state in
      if wait {
        state.machines[id] = nil
      } else {
        state.machines[id]?.status = .deleting
      }
    }
  }

  package func update(_ id: String, _ spec: MachineSpec) async throws(CloudError) {
    try call("update \(id)") { (state) throws(CloudError) in
      guard state.machines[id] != nil else {
        throw CloudError(.notFound, operation: "update server", cause: "there is no machine `\(id)`")
      }
      state.metadata[id] = spec.metadata
      state.machines[id]!.expiresAt = spec.expiresAt
    }
  }

  package func resources(
    ofCluster cluster: String, _ kinds: Set<CloudResource.Kind>
  ) async throws(CloudError) -> [CloudResource] {
    try call("resources \(cluster)") { state in
      let snapshots = state.snapshots.filter { $0.tag.cluster == cluster }.map(\.resource)
      return (state.resources + snapshots).filter { kinds.contains($0.kind) }
    }
  }

  package func delete(_ resource: CloudResource) async throws(CloudError) {
    try call("delete \(resource.kind.rawValue) \(resource.id)") { state in
      state.resources.removeAll { $0 == resource }
      if resource.kind == .snapshot { state.snapshots.removeAll { $0.id == resource.id } }
    }
  }

  package func console(_ id: String) async throws(CloudError) -> String {
    try call("console \(id)") { (state) throws(CloudError) in
      guard let machine = state.machines[id] else {
        throw CloudError(.notFound, operation: "read the console", cause: "there is no machine `\(id)`")
      }
      return state.consoles[machine.tag.server] ?? (machine.status == .active ? "\(machine.name) login: " : "")
    }
  }

  package func hostKeys(_ id: String) async throws(CloudError) -> [HostKey]? {
    try call("hostKeys \(id)") { (state) throws(CloudError) in
      guard let machine = state.machines[id] else {
        throw CloudError(.notFound, operation: "read host keys", cause: "there is no machine `\(id)`")
      }
      guard machine.status == .active else { return nil }
      return [HostKey(type: "ssh-ed25519", base64: "key-of-\(id)-\(machine.tag.generation)")]
    }
  }
}

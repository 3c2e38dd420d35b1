/// A place that machines come from: OpenStack, or this host.
///
/// Everything that a cloud makes carries the cluster's id and what it was made for (`MachineTag`), from the moment that it
/// exists, so that after a crash at any instant `machines` finds it. Methods may be called at once from many tasks.
package protocol Cloud: Sendable {
  /// Whether its machines were there before, and stay: then `create` takes one over, `delete` only forgets it, and a
  /// fresh start is the user's to give.
  var keepsMachines: Bool { get }

  /// The generation of the machine that a server gets next, where `last` is the last one that was asked for.
  func nextGeneration(_ server: String, after last: Int) async throws(CloudError) -> Int

  /// What the names in `wants` resolve to, and every problem with them, in one answer. Makes nothing.
  /// Throws only where the cloud itself can't be asked or can't work.
  ///
  /// - Parameter missing: names of those that don't stand yet, and have to fit into what is left of the quota.
  func resolve(_ wants: [MachineWant], missing: Set<String>) async throws(CloudError) -> CloudResolution

  /// Every machine that carries the cluster's id, half-made and half-deleted ones too; one list call, begun after the question, for
  /// all who ask at once.
  func machines(ofCluster cluster: String) async throws(CloudError) -> [Machine]

  /// Every machine that stackmake made there, of whatever cluster; as far as the login sees them.
  func allMachines() async throws(CloudError) -> [Machine]

  /// The same as `machines` a while later, for those who wait until something is so: one list call for all of them.
  func nextMachines(ofCluster cluster: String) async throws(CloudError) -> [Machine]

  /// Starts making a machine and returns as soon as it exists, by and large `building`. Where a machine with the same
  /// tag (cluster, name, generation) exists already it is returned instead: calling twice never makes two.
  /// Where the spec has a snapshot, the machine gets the snapshot's addresses if they are free, and is made from the snapshot
  /// where it has them; else from its own image. `imageID` says which it was.
  func create(_ spec: MachineSpec) async throws(CloudError) -> Machine

  /// Gives a standing machine a fresh disk from its image, under the same id and address, with the new spec's user-data
  /// and generation. Returns as `create` does. Calling it again for the generation that the machine already has does nothing.
  /// From a snapshot it may be another machine, with another id, at the same address.
  func rebuild(_ id: String, _ spec: MachineSpec) async throws(CloudError) -> Machine

  /// Gives a standing machine what can be given to it in place: metadata and security groups of the new spec. Safe to repeat.
  func update(_ id: String, _ spec: MachineSpec) async throws(CloudError)

  /// Deletes a machine, and returns once `machines` no longer lists it (or at once where `wait` is false). One that doesn't
  /// exist is fine. What `resources` lists of it stays, so that the next machine for that server has the same address.
  func delete(_ id: String, wait: Bool) async throws(CloudError)

  /// Whether images can be made of its machines.
  var makesSnapshots: Bool { get }

  /// Shuts a machine down, and returns once it is stopped. Disk and address stay. One that is stopped is fine.
  func stop(_ id: String) async throws(CloudError)

  /// Boots a machine that is stopped; returns as `create` does. One that runs is fine.
  @discardableResult
  func start(_ id: String) async throws(CloudError) -> Machine

  /// Makes an image of a stopped machine's disk, and returns once it is whole. Where there is one of this tag it is returned
  /// instead; one of this tag that isn't whole is made anew.
  func makeSnapshot(of id: String, _ tag: SnapshotTag) async throws(CloudError) -> Snapshot

  /// Every image that was made of the cluster's machines, half-made ones too. `resources` lists them as well.
  func snapshots(ofCluster cluster: String) async throws(CloudError) -> [Snapshot]

  /// What the machine wrote on its console so far; "" where there is nothing yet.
  func console(_ id: String) async throws(CloudError) -> String

  /// The SSH host keys that the machine shows, in a way that a stranger on the network can't forge; nil while it hasn't shown them yet.
  func hostKeys(_ id: String) async throws(CloudError) -> [HostKey]?

  /// What else carries the cluster's id, of these kinds, in the order in which it can be deleted. What machines that
  /// stand make use of is among it.
  func resources(
    ofCluster cluster: String, _ kinds: Set<CloudResource.Kind>
  ) async throws(CloudError) -> [CloudResource]

  /// Deletes one of these. One that doesn't exist is fine.
  func delete(_ resource: CloudResource) async throws(CloudError)
}

extension Cloud {
  package var keepsMachines: Bool { false }
  package func nextGeneration(_ server: String, after last: Int) async throws(CloudError) -> Int { last + 1 }
}

/// Whose a machine is and what for. A generation is used once: a rebuilt or newly made machine has the next one.
package struct MachineTag: Sendable, Hashable {
  package var cluster: String
  package var server: String
  package var generation: Int

  package init(cluster: String, server: String, generation: Int) {
    self.cluster = cluster
    self.server = server
    self.generation = generation
  }
}

/// Everything that is needed to make a machine.
package struct MachineSpec: Sendable, Hashable {
  package var tag: MachineTag
  /// Its name in the cloud: CLUSTER-SERVER.
  package var name: String
  /// Its host name inside: SERVER.
  package var hostname: String
  package var resolved: ResolvedMachine
  /// The whole `#cloud-config` text.
  package var userData: String
  package var metadata: [String: String]
  /// `ssh-ed25519 AAAA…`: the keys that first boot lets in.
  package var authorizedKeys: [String]
  /// When the cluster is meant to end, in seconds since 1970; nil: no time is said.
  package var expiresAt: Double?
  /// What it is made from in place of its image, where it gets the same addresses.
  package var snapshot: SnapshotSource?

  package init(
    tag: MachineTag, name: String, hostname: String, resolved: ResolvedMachine, userData: String,
    metadata: [String: String], authorizedKeys: [String] = [], expiresAt: Double? = nil,
    snapshot: SnapshotSource? = nil
  ) {
    self.snapshot = snapshot
    self.expiresAt = expiresAt
    self.tag = tag
    self.name = name
    self.hostname = hostname
    self.resolved = resolved
    self.userData = userData
    self.metadata = metadata
    self.authorizedKeys = authorizedKeys
  }
}

/// A machine as the cloud shows it.
package struct Machine: Sendable, Hashable {
  package enum Status: Sendable, Hashable {
    case building
    case active
    /// Its request was cut off half-way; it can be deleted, or made whole by `create` with the same tag.
    case incomplete
    /// It was active, and is stopped (its processes are gone).
    case stopped
    case deleting
    case error(String)
  }

  package var id: String
  package var name: String
  package var tag: MachineTag
  package var status: Status
  package var addresses: [String]
  package var imageID: String
  package var flavorID: String
  /// Seconds since 1970.
  package var createdAt: Double
  /// Where its sshd listens.
  package var port: UInt16
  /// As `MachineSpec.expiresAt` said.
  package var expiresAt: Double?

  package init(
    id: String, name: String, tag: MachineTag, status: Status, addresses: [String], imageID: String, flavorID: String,
    createdAt: Double, port: UInt16 = 22, expiresAt: Double? = nil
  ) {
    self.expiresAt = expiresAt
    self.id = id
    self.name = name
    self.tag = tag
    self.status = status
    self.addresses = addresses
    self.imageID = imageID
    self.flavorID = flavorID
    self.createdAt = createdAt
    self.port = port
  }
}

extension Machine {
  /// Of several machines for one server the one that is to be kept comes first.
  static func isBetter(_ a: Machine, _ b: Machine) -> Bool {
    func rank(_ status: Machine.Status) -> Int {
      switch status {
      case .active: 0
      case .building: 1
      case .stopped: 2
      default: 3
      }
    }
    return (-a.tag.generation, rank(a.status), a.createdAt, a.id)
      < (-b.tag.generation, rank(b.status), b.createdAt, b.id)
  }
}

/// A public SSH host key.
package struct HostKey: Sendable, Hashable, Codable {
  /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`
  package var type: String
  /// The key's blob in base64, as in known_hosts.
  package var base64: String

  package init(type: String, base64: String) {
    self.type = type
    self.base64 = base64
  }
}

package struct CloudError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable {
    /// This can't work here at all: no root, a missing program.
    case unsupported
    case quota
    case notFound
    /// The cloud doesn't know the login, or no longer.
    case unauthorized
    /// It knows the login, and doesn't let it do that.
    case forbidden
    /// What is there already, or its state, stands against it.
    case conflict
    /// Only the user can say that nothing is lost by it.
    case locked
    /// No answer, or "not now": another time it may work.
    case unavailable
    case failed
    case interrupted
  }

  package var code: Code
  /// What was being done: `create server`.
  package var operation: String
  package var cause: String
  package var hint: String?
  /// What an API answered with, where one did.
  package var status: Int?
  /// By which the cloud's logs tell more; it stands in `cause` too.
  package var requestID: String?
  /// The request may have done its work all the same: look before it is repeated.
  package var isUncertain: Bool

  package init(
    _ code: Code, operation: String, cause: String, hint: String? = nil, status: Int? = nil, requestID: String? = nil,
    isUncertain: Bool = false
  ) {
    self.code = code
    self.operation = operation
    self.cause = cause
    self.hint = hint
    self.status = status
    self.requestID = requestID
    self.isUncertain = isUncertain
  }

  package var description: String {
    let text = "\(operation): \(cause)"
    return hint.map { "\(text)\n  hint: \($0)" } ?? text
  }
}

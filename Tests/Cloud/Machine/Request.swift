import FoundationEssentials
import SystemPackage
import Targets

/// What the virt driver asks for: one JSON object on standard input.
struct Request: Decodable {
  enum Command: String, Decodable {
    case list, create, delete, console, start, stop, snapshot
  }

  var command: Command
  var root: String
  var images: String
  var subnet: String
  /// The id of the server in nova; for all but `list`.
  var server: String?
  /// For `create`.
  var machine: NewMachine?
  /// The id of an image in glance; for `snapshot`.
  var snapshot: String?

  struct NewMachine: Decodable {
    var name: String
    var hostname: String
    var image: String
    var flavor: String
    var address: String
    var moreAddresses: [String]
    var userData: String
    var files: [LocalExtras.File]
    /// The image that it is made from, where that was made of a server.
    var snapshot: String?
  }

  /// All machines are of one cluster: whose a server is, nova knows.
  static let cluster = "test-cloud"

  func reply(_ environment: [String: String], userID: UInt32) async throws(CloudError) -> Reply {
    let cloud = LocalCloud(
      LocalSettings(
        root: FilePath(root), imageCache: FilePath(images), subnet: subnet, environment: environment, userID: userID,
        // How many there may be is placement's business.
        maximumMachines: 10_000, memoryOvercommit: 10_000, now: { Date().timeIntervalSince1970 }))
    let machines = try await cloud.machines(ofCluster: Self.cluster)
    if command == .list { return Reply(machines: machines.map(Reply.Standing.init)) }
    guard let server else { throw CloudError(.failed, operation: command.rawValue, cause: "`server` is missing") }
    if command == .create { return Reply(machines: [.init(try await create(server, cloud))]) }
    guard let id = machines.first(where: { $0.tag.server == server })?.id else {
      if command == .delete { return Reply() }
      throw CloudError(.notFound, operation: command.rawValue, cause: "server `\(server)` has no machine")
    }
    switch command {
    case .delete: try await cloud.delete(id, wait: true)
    case .stop: try await cloud.stop(id)
    case .start: return Reply(machines: [.init(try await cloud.start(id))])
    case .console: return Reply(console: try await cloud.console(id))
    case .snapshot:
      guard let snapshot else { throw CloudError(.failed, operation: command.rawValue, cause: "`snapshot` is missing") }
      _ = try await cloud.makeSnapshot(
        of: id, SnapshotTag(cluster: Self.cluster, server: server, set: snapshot))
    case .list, .create: break
    }
    return Reply()
  }

  private func create(_ server: String, _ cloud: LocalCloud) async throws(CloudError) -> Machine {
    guard let machine else { throw CloudError(.failed, operation: "create", cause: "`machine` is missing") }
    let want = MachineWant(name: server, image: machine.image, flavor: machine.flavor)
    let resolution = try await cloud.resolve([want], missing: [server])
    guard let resolved = resolution.resolved.first, resolution.problems.isEmpty else {
      throw CloudError(
        .failed, operation: "create", cause: resolution.problems.map(\.message).joined(separator: "; "))
    }
    var spec = MachineSpec(
      tag: MachineTag(cluster: Self.cluster, server: server, generation: 1), name: machine.name,
      hostname: machine.hostname, resolved: resolved, userData: machine.userData, metadata: [:])
    if let image = machine.snapshot,
      let snapshot = try await cloud.snapshots(ofCluster: Self.cluster).first(where: { $0.tag.set == image })
    {
      // Which servers are made from it is the user's business: nova asks for no address.
      spec.snapshot = SnapshotSource(imageID: snapshot.id, addresses: [machine.address] + machine.moreAddresses)
    }
    return try await cloud.create(
      spec, LocalExtras(address: machine.address, moreAddresses: machine.moreAddresses, files: machine.files))
  }
}

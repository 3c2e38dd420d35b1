/// What an image of a machine's disk was made of and for: all that makes one tell it from every other.
package struct SnapshotTag: Sendable, Hashable, Codable {
  package var cluster: String
  package var server: String
  /// The snapshot that it is a part of: images of one set were made at the same time.
  package var set: String

  package init(cluster: String, server: String, set: String) {
    self.cluster = cluster
    self.server = server
    self.set = set
  }

  /// Its name in the cloud.
  package var name: String { "\(ClusterMark.prefix)\(cluster)-\(server).\(set)" }
}

/// An image of a machine's disk, as the cloud shows it.
package struct Snapshot: Sendable, Hashable {
  package enum Status: Sendable, Hashable {
    /// It is being made, or its making was cut off.
    case building
    case active
    case broken(String)
  }

  package var id: String
  package var tag: SnapshotTag
  package var status: Status
  /// Seconds since 1970.
  package var createdAt: Double

  package init(id: String, tag: SnapshotTag, status: Status, createdAt: Double) {
    self.id = id
    self.tag = tag
    self.status = status
    self.createdAt = createdAt
  }

  /// As something that is listed and deleted with all else that a cluster made.
  package var resource: CloudResource {
    CloudResource(
      kind: .snapshot, id: id, name: tag.name, server: tag.server, set: tag.set, isWhole: status == .active)
  }
}

/// The image that a machine is made from in place of its own one.
package struct SnapshotSource: Sendable, Hashable {
  package var imageID: String
  /// Those of the machine that it was made of. What is on its disk knows them: no machine with others is made from it.
  package var addresses: [String]

  package init(imageID: String, addresses: [String]) {
    self.imageID = imageID
    self.addresses = addresses
  }
}

/// Snapshots, for clouds whose machines aren't made from images.
extension Cloud {
  package var makesSnapshots: Bool { false }
  package func stop(_ id: String) async throws(CloudError) { throw noSnapshots("stop a server") }
  @discardableResult
  package func start(_ id: String) async throws(CloudError) -> Machine { throw noSnapshots("start a server") }
  package func makeSnapshot(of id: String, _ tag: SnapshotTag) async throws(CloudError) -> Snapshot {
    throw noSnapshots("make a snapshot of `\(tag.server)`")
  }
  package func snapshots(ofCluster cluster: String) async throws(CloudError) -> [Snapshot] { [] }

  private func noSnapshots(_ operation: String) -> CloudError {
    CloudError(.unsupported, operation: operation, cause: "it is a server that exists, without an image")
  }
}

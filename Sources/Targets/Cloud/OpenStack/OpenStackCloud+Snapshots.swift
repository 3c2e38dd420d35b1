/// Snapshots: nova makes them, glance keeps them. Their properties say whose they are.
extension OpenStackCloud {
  package var makesSnapshots: Bool { true }

  /// Between two looks, and how many at most: an hour for what takes minutes.
  private static let tick = Duration.seconds(2)
  private static let tickLimit = 1800

  package func snapshots(ofCluster cluster: String) async throws(CloudError) -> [Snapshot] {
    var query = [QueryItem(ClusterMark.clusterKey, cluster)]
    if let project = try await api.client.tokens.token().project { query.append(QueryItem("owner", project.id)) }
    return try await api.client.list("list snapshots", .image, "/images", "images", query: query)
      .compactMap { Snapshot(glance: $0) }.filter { $0.tag.cluster == cluster }
      .sorted { ($0.tag.server, $0.id) < ($1.tag.server, $1.id) }
  }

  package func stop(_ id: String) async throws(CloudError) {
    let operation = "stop server `\(id)`"
    try await until(operation, id, asking: "os-stop") { $0.status == "SHUTOFF" && $0.taskState == nil }
  }

  @discardableResult
  package func start(_ id: String) async throws(CloudError) -> Machine {
    let operation = "start server `\(id)`"
    let server = try await until(operation, id, asking: "os-start") { $0.status == "ACTIVE" && $0.taskState == nil }
    guard let machine = server.machine else {
      throw CloudError(.failed, operation: operation, cause: "it isn't one that stackmake made")
    }
    return machine
  }

  /// Asks for an action, again while another one is in its way, until the server is as it should be.
  @discardableResult
  private func until(
    _ operation: String, _ id: String, asking action: String, _ isSo: (NovaServer) -> Bool
  ) async throws(CloudError) -> NovaServer {
    var isAsked = false
    for _ in 0..<Self.tickLimit {
      guard let server = try await server(id) else {
        throw CloudError(.notFound, operation: operation, cause: "there is no server `\(id)`")
      }
      guard server.tag != nil else {
        throw CloudError(.failed, operation: operation, cause: "it isn't one that stackmake made")
      }
      if isSo(server) { return server }
      if case .error(let text) = server.machineStatus { throw CloudError(.failed, operation: operation, cause: text) }
      if !isAsked, server.taskState == nil {
        do throws(CloudError) {
          // Asked for twice is refused: it does no harm.
          _ = try await api.nova(
            operation, "POST", "/servers/\(id)/action", body: .object([action: .null]), repeats: true)
          isAsked = true
        } catch {
          guard error.code == .conflict else { throw error }
        }
      }
      try await pause(operation)
    }
    throw CloudError(.failed, operation: operation, cause: "not within an hour")
  }

  package func makeSnapshot(of id: String, _ tag: SnapshotTag) async throws(CloudError) -> Snapshot {
    let operation = "make a snapshot of `\(tag.server)`"
    guard let server = try await server(id) else {
      throw CloudError(.notFound, operation: operation, cause: "there is no server `\(id)`")
    }
    guard let own = server.tag, own.cluster == tag.cluster, own.server == tag.server else {
      throw CloudError(.failed, operation: operation, cause: "server `\(id)` isn't one that this cluster made")
    }
    guard !server.imageID.isEmpty else {
      throw CloudError(
        .unsupported, operation: operation, cause: "it boots from a volume, of which nova makes no image",
        hint: "leave `volume` out of the layout, or the server out of the snapshot")
    }
    for old in try await snapshots(ofCluster: tag.cluster) where old.tag == tag {
      if old.status == .active { return old }
      try await delete(old.resource)
    }
    let body: JSON = [
      "createImage": [
        "name": .string(tag.name),
        "metadata": [
          ClusterMark.clusterKey: .string(tag.cluster), ClusterMark.serverKey: .string(tag.server),
          ClusterMark.setKey: .string(tag.set),
        ],
      ]
    ]
    let image = try await api.once(
      isKnownMissing: true,
      find: { () async throws(CloudError) in
        try await snapshots(ofCluster: tag.cluster).first { $0.tag == tag }?.id
      },
      make: { () async throws(CloudError) -> String in
        let answer = try await api.nova(operation, "POST", "/servers/\(id)/action", body: body)
        guard let image = answer["image_id"]?.string else {
          throw CloudError(.failed, operation: operation, cause: "nova's answer has no image", isUncertain: true)
        }
        return image
      })
    for _ in 0..<Self.tickLimit {
      let seen = try await api.client.json("look at image `\(image)`", .image, "GET", "/images/\(image)")
      if let snapshot = Snapshot(glance: seen) {
        if snapshot.status == .active { return snapshot }
        if case .broken(let text) = snapshot.status {
          throw CloudError(.failed, operation: operation, cause: "image `\(image)` is \(text)")
        }
      }
      try await pause(operation)
    }
    throw CloudError(.failed, operation: operation, cause: "image `\(image)` isn't active within an hour")
  }

  private func pause(_ operation: String) async throws(CloudError) {
    guard (try? await api.clock.sleep(for: Self.tick)) != nil else {
      throw CloudError(.interrupted, operation: operation, cause: "interrupted", hint: "a later run goes on")
    }
  }
}

extension Snapshot {
  /// As glance shows it; nil for an image of somebody else's. One that somebody made of a server that came from a snapshot has
  /// the same properties, and another name.
  init?(glance json: JSON) {
    guard let id = json["id"]?.string, let cluster = json[ClusterMark.clusterKey]?.string,
      let server = json[ClusterMark.serverKey]?.string, let set = json[ClusterMark.setKey]?.string
    else { return nil }
    let tag = SnapshotTag(cluster: cluster, server: server, set: set)
    guard json["name"]?.string == tag.name else { return nil }
    let text = json["status"]?.string ?? ""
    let status: Status =
      switch text {
      case "active": .active
      case "queued", "saving", "importing", "uploading": .building
      default: .broken(text)
      }
    self.init(
      id: id, tag: tag, status: status, createdAt: json["created_at"]?.string.flatMap(Timestamp.seconds) ?? 0)
  }
}

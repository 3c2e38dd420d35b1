/// Gives a server a fresh disk: by nova's rebuild, else by a new server on the same ports.
struct ServerRebuild: Sendable {
  let cloud: OpenStackCloud
  let id: String
  let spec: MachineSpec

  private var mark: ClusterMark { ClusterMark(cluster: spec.tag.cluster) }
  private var operation: String { "rebuild server `\(spec.name)`" }

  func run() async throws(CloudError) -> Machine {
    let server = try await look()
    if server.tag?.generation == spec.tag.generation { return server.machine! }
    if let source = spec.snapshot, source.suits(server.metadataAddresses) {
      // Nova keeps a server's id over a rebuild, by which cloud-init takes the disk for one that has booted before: it would
      // make no host keys. Another server on the same ports is a new one to it.
      return try await another()
    }
    do throws(CloudError) {
      try await rebuild(server)
    } catch {
      // Volumes can't be rebuilt before 2.93, nor a server in a state that nova doesn't like: 400, 403 and 409.
      guard let status = error.status, [400, 403, 409].contains(status) else { throw error }
      return try await another()
    }
    let tags = JSON.array(mark.tags(spec.tag).map { .string($0) })
    // They only say it once more: the generation that counts is in the metadata, which came with the disk.
    _ = try? await cloud.api.nova(operation, "PUT", "/servers/\(id)/tags", body: ["tags": tags])
    var machine = server.machine!
    machine.tag = spec.tag
    machine.imageID = spec.resolved.imageID
    machine.status = .building
    return machine
  }

  private func another() async throws(CloudError) -> Machine {
    try await ServerDeletion(cloud: cloud, id: id).run(wait: true)
    return try await ServerCreation(cloud: cloud, spec: spec).run()
  }

  private func look() async throws(CloudError) -> NovaServer {
    guard let server = try await cloud.server(id), server.machineStatus != .deleting else {
      throw CloudError(.notFound, operation: operation, cause: "there is no server `\(id)`")
    }
    guard let tag = server.tag, tag.cluster == spec.tag.cluster, tag.server == spec.tag.server else {
      throw CloudError(.failed, operation: operation, cause: "server `\(id)` isn't one that this cluster made")
    }
    return server
  }

  /// Where the answer is lost, the generation in the metadata says whether it was done.
  private func rebuild(_ server: NovaServer) async throws(CloudError) {
    let body = ServerRequest.rebuild(spec, mark, server.metadataAddresses)
    _ = try await cloud.api.once(
      isKnownMissing: true,
      find: { () async throws(CloudError) -> Bool? in
        try await look().tag?.generation == spec.tag.generation ? true : nil
      },
      make: { () async throws(CloudError) in
        _ = try await cloud.api.nova(operation, "POST", "/servers/\(id)/action", body: body)
        return true
      })
  }
}

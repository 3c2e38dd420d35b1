/// A server as nova shows it. Pure.
struct NovaServer: Sendable, Hashable {
  let id: String
  let name: String
  let status: String
  let taskState: String?
  var fault: String?
  let metadata: [String: String]
  /// Floating ones first, then the one that was asked for, then the others.
  let addresses: [String]
  let imageID: String
  /// Its name from 2.47 on, its id before.
  let flavor: String
  let createdAt: Double

  /// Nil where it lacks what every server has.
  init?(_ json: JSON) {
    guard let id = json["id"]?.string else { return nil }
    self.id = id
    name = json["name"]?.string ?? ""
    // A cell that is down gives little more than the id: it is no reason to take the server for gone.
    status = json["status"]?.string ?? "UNKNOWN"
    taskState = json["OS-EXT-STS:task_state"]?.string
    fault = json["fault"]?["message"]?.string
    metadata = (json["metadata"]?.object ?? [:]).compactMapValues(\.string)
    imageID = json["image"]?["id"]?.string ?? ""
    flavor = json["flavor"]?["original_name"]?.string ?? json["flavor"]?["id"]?.string ?? ""
    createdAt = json["created"]?.string.flatMap(Timestamp.seconds) ?? 0
    addresses = Self.addresses(json["addresses"], metadata)
  }

  /// Nil for a server that no cluster of ours made.
  var tag: MachineTag? {
    guard let cluster = metadata[ClusterMark.clusterKey], let server = metadata[ClusterMark.serverKey],
      let generation = metadata[ClusterMark.generationKey].flatMap({ Int($0) })
    else { return nil }
    return MachineTag(cluster: cluster, server: server, generation: generation)
  }

  /// As its metadata has them.
  var metadataAddresses: ServerAddresses {
    ServerAddresses(fixed: metadata[ClusterMark.addressKey] ?? "", floating: metadata[ClusterMark.floatingKey])
  }

  var machine: Machine? {
    tag.map {
      Machine(
        id: id, name: name, tag: $0, status: machineStatus, addresses: addresses, imageID: imageID, flavorID: flavor,
        createdAt: createdAt, expiresAt: metadata[ClusterMark.expiryKey].flatMap(Timestamp.seconds))
    }
  }

  var machineStatus: Machine.Status {
    if taskState == "deleting" || ["DELETED", "SOFT_DELETED"].contains(status) { return .deleting }
    return switch status {
    case "BUILD", "REBUILD": .building
    case "ERROR": .error((fault ?? "nova gives no reason: a service behind it may not answer").trimmed)
    case "SHUTOFF", "STOPPED", "SUSPENDED", "PAUSED", "SHELVED", "SHELVED_OFFLOADED", "RESCUE": .stopped
    case "UNKNOWN": .error("nova doesn't know its state: the part of the cloud that it is in doesn't answer")
    // REBOOT, MIGRATING, VERIFY_RESIZE and the like: it is there, and will be back.
    default: .active
    }
  }

  private static func addresses(_ json: JSON?, _ metadata: [String: String]) -> [String] {
    let wanted = metadata[ClusterMark.addressKey]
    var found: [(rank: Int, network: String, address: String)] = []
    for (network, list) in json?.object ?? [:] {
      for item in list.array ?? [] {
        guard let address = item["addr"]?.string else { continue }
        let isFloating = item["OS-EXT-IPS:type"]?.string == "floating"
        let rank = isFloating ? 0 : address == wanted ? 1 : item["version"]?.int == 4 ? 2 : 3
        found.append((rank, network, address))
      }
    }
    let known = found.sorted { ($0.rank, $0.network, $0.address) < ($1.rank, $1.network, $1.address) }.map(\.address)
    // Nova learns of a floating address later than we do.
    guard let floating = metadata[ClusterMark.floatingKey], !known.isEmpty, !known.contains(floating) else {
      return known
    }
    return [floating] + known
  }
}

import FoundationEssentials

/// Bodies of requests to nova. Pure.
enum ServerRequest {
  /// 2.52: tags with the creation. 2.57: user-data with a rebuild. 2.64: one policy for a server group. Nova has that
  /// since Rocky (2018). 2.93: the newest that this was written for.
  static let versions = APIVersion(2, 64)...APIVersion(2, 93)

  static func create(_ spec: MachineSpec, _ mark: ClusterMark, _ parts: ServerParts) -> JSON {
    var server: [String: JSON] = [
      "name": .string(spec.name),
      "flavorRef": .string(spec.resolved.flavorID),
      "networks": .array(parts.ports.map { ["port": .string($0.id)] }),
      "user_data": .string(base64(spec.userData)),
      "config_drive": true,
      "description": .string(description(spec.tag)),
      "tags": .array(mark.tags(spec.tag).map { .string($0) }),
      "metadata": metadata(spec, mark, parts.addresses),
    ]
    if let zone = zone(spec) { server["availability_zone"] = .string(zone) }
    if let keyPair = parts.keyPair { server["key_name"] = .string(keyPair) }
    if let size = spec.resolved.volume {
      server["block_device_mapping_v2"] = [
        [
          "boot_index": 0, "source_type": "image", "destination_type": "volume", "delete_on_termination": true,
          "uuid": .string(spec.resolved.imageID), "volume_size": .number(Double(size)),
        ]
      ]
    } else {
      server["imageRef"] = .string(spec.resolved.imageID)
    }
    var body: [String: JSON] = ["server": .object(server)]
    if let group = parts.serverGroup { body["os:scheduler_hints"] = ["group": .string(group)] }
    return .object(body)
  }

  static func rebuild(_ spec: MachineSpec, _ mark: ClusterMark, _ addresses: ServerAddresses) -> JSON {
    [
      "rebuild": [
        "imageRef": .string(spec.resolved.imageID),
        "name": .string(spec.name),
        "description": .string(description(spec.tag)),
        "metadata": metadata(spec, mark, addresses),
        "user_data": .string(base64(spec.userData)),
      ]
    ]
  }

  static func metadata(_ spec: MachineSpec, _ mark: ClusterMark, _ addresses: ServerAddresses) -> JSON {
    .object(mark.metadata(spec.tag, addresses, spec.metadata, expiresAt: spec.expiresAt).mapValues { .string($0) })
  }

  /// Each attempt takes the next of the zones that were given.
  static func zone(_ spec: MachineSpec) -> String? {
    let zones = spec.resolved.zones
    return zones.isEmpty ? nil : zones[(spec.tag.generation - 1) % zones.count]
  }

  private static func description(_ tag: MachineTag) -> String {
    "\(tag.server) of stackmake cluster \(tag.cluster), generation \(tag.generation)"
  }

  static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}

/// What a server is made of, and was made before it.
struct ServerParts: Sendable, Hashable {
  /// The primary one first.
  var ports: [NeutronPort]
  var floating: String?
  var keyPair: String?
  var serverGroup: String?

  var addresses: ServerAddresses { ServerAddresses(fixed: ports.first?.address ?? "", floating: floating) }
}

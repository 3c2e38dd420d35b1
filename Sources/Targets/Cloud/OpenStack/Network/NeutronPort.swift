/// A port as neutron shows it. Pure.
struct NeutronPort: Sendable, Hashable {
  let id: String
  let name: String
  let networkID: String
  /// The first IPv4 address, else the first.
  let address: String
  /// The server that it is plugged into; "" where it is free.
  let deviceID: String
  let securityGroups: [String]

  init?(_ json: JSON) {
    guard let id = json["id"]?.string, let networkID = json["network_id"]?.string else { return nil }
    self.id = id
    self.networkID = networkID
    name = json["name"]?.string ?? ""
    deviceID = json["device_id"]?.string ?? ""
    securityGroups = (json["security_groups"]?.array ?? []).compactMap(\.string)
    let addresses = (json["fixed_ips"]?.array ?? []).compactMap { $0["ip_address"]?.string }
    address = addresses.first { !$0.contains(":") } ?? addresses.first ?? ""
  }
}

/// Bodies of requests to neutron. Pure.
enum NetworkRequest {
  /// - Parameters:
  ///   - groups: nil where the network's ports take none.
  ///   - address: the one that it is to have; nil takes any.
  static func port(
    _ name: String, _ mark: ClusterMark, network: String, groups: [String]?, address: String? = nil
  ) -> JSON {
    var port: [String: JSON] = [
      "name": .string(name), "description": .string(mark.description), "network_id": .string(network),
    ]
    if let address { port["fixed_ips"] = [["ip_address": .string(address)]] }
    if let groups { port["security_groups"] = .array(groups.map { .string($0) }) }
    return ["port": .object(port)]
  }

  static func portGroups(_ groups: [String]) -> JSON {
    ["port": ["security_groups": .array(groups.map { .string($0) })]]
  }

  static func securityGroup(_ mark: ClusterMark) -> JSON {
    ["security_group": ["name": .string(mark.name), "description": .string(mark.description)]]
  }

  /// Lets in SSH and ping from everywhere, and everything from the cluster's own servers.
  static func securityGroupRules(_ group: String) -> JSON {
    func rule(_ more: [String: JSON]) -> JSON {
      .object(more.merging(["security_group_id": .string(group), "direction": "ingress"]) { a, _ in a })
    }
    return [
      "security_group_rules": [
        rule(["ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22]),
        rule(["ethertype": "IPv6", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22]),
        rule(["ethertype": "IPv4", "protocol": "icmp"]),
        rule(["ethertype": "IPv4", "remote_group_id": .string(group)]),
        rule(["ethertype": "IPv6", "remote_group_id": .string(group)]),
      ]
    ]
  }

  static func floatingAddress(_ mark: ClusterMark, network: String, port: String) -> JSON {
    [
      "floatingip": [
        "floating_network_id": .string(network), "port_id": .string(port), "description": .string(mark.description),
      ]
    ]
  }
}

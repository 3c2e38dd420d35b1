/// A security group with what its rules let in. Pure.
struct SecurityRules: Sendable, Hashable {
  var id: String
  var name: String
  private var rules: [Rule]

  private struct Rule: Sendable, Hashable {
    /// Nil: any.
    var transport: String?
    var ports: ClosedRange<Int>
    /// The id of the group whose members alone it lets in.
    var members: String?

    func matches(_ words: [String], _ port: Int) -> Bool {
      (transport.map(words.contains) ?? true) && ports.contains(port)
    }
  }

  init(_ json: JSON) {
    id = json["id"]?.string ?? ""
    name = json["name"]?.string ?? ""
    rules = (json["security_group_rules"]?.array ?? []).compactMap { rule in
      guard rule["direction"]?.string == "ingress" else { return nil }
      let low = rule["port_range_min"]?.int ?? 0
      let word = rule["protocol"]?.string
      return Rule(
        transport: word == "any" ? nil : word, ports: low...max(low, rule["port_range_max"]?.int ?? 65535),
        members: rule["remote_group_id"]?.string)
    }
  }

  /// Whether a rule lets somebody's TCP connection to port 22 in who isn't a member of some group.
  var admitsSSH: Bool { rules.contains { $0.members == nil && $0.matches(["tcp", "6"], 22) } }

  /// Whether a rule lets in what members of these groups send to a UDP port.
  func admits(udp port: Int, fromMembersOf groups: [String]) -> Bool {
    rules.contains { rule in
      (rule.members.map(groups.contains) ?? true) && rule.matches(["udp", "17"], port)
    }
  }
}

import FoundationEssentials

/// The values that `server/X` gives its dependents, by name.
package struct ServerOutputs: Sendable, Hashable {
  package var id: String
  package var generation: Int
  /// The address, or the name where the layout gives one.
  package var ip: String
  package var port: UInt16
  package var hostKeys: [HostKey]
  package var user: String
  /// How its host keys came to be believed.
  package var trust: HostTrust
  /// The set of the snapshot that it was made from; nil where it was made from its image.
  package var snapshot: String?

  package init(
    id: String, generation: Int, ip: String, port: UInt16 = 22, hostKeys: [HostKey], user: String,
    trust: HostTrust = .console, snapshot: String? = nil
  ) {
    self.snapshot = snapshot
    self.id = id
    self.generation = generation
    self.ip = ip
    self.port = port
    self.hostKeys = hostKeys
    self.user = user
    self.trust = trust
  }

  static let snapshotKey = "snapshot"

  /// From recorded outputs; nil where one is missing.
  package init?(_ values: [String: String]) {
    guard let id = values["id"], let generation = values["generation"].flatMap({ Int($0) }), let ip = values["ip"],
      let user = values["user"], let keys = values["host-key"]
    else { return nil }
    self.init(
      id: id, generation: generation, ip: ip, port: values["port"].flatMap { UInt16($0) } ?? 22,
      hostKeys: keys.split(separator: ",").compactMap { text in
        let words = text.split(separator: " ")
        return words.count == 2 ? HostKey(type: String(words[0]), base64: String(words[1])) : nil
      }, user: user, trust: values["trust"].flatMap { HostTrust(rawValue: $0) } ?? .console,
      snapshot: values[Self.snapshotKey])
  }

  package var values: [String: String] {
    var values = [
      "id": id, "generation": String(generation), "ip": ip, "user": user, "trust": trust.rawValue,
      "host-key": hostKeys.map { "\($0.type) \($0.base64)" }.sorted().joined(separator: ","),
    ]
    // Where it is the usual one nothing is said, so that records of before this was told are still the same.
    if port != 22 { values["port"] = String(port) }
    values[Self.snapshotKey] = snapshot
    return values
  }
}

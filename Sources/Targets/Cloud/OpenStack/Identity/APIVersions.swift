/// A version with two numbers, as microversions are: `2.9` is older than `2.53`.
package struct APIVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var major: Int
  package var minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `2.93`, `v2.15`, `v3`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let major = Int(parts[0]), major >= 0,
      let minor = parts.count == 2 ? Int(parts[1]) : 0, minor >= 0
    else { return nil }
    self.init(major, minor)
  }

  package static func < (a: APIVersion, b: APIVersion) -> Bool {
    (a.major, a.minor) < (b.major, b.minor)
  }

  package var description: String { "\(major).\(minor)" }
}

/// What a service says that it speaks, at its root or at the address of the catalog.
package struct APIVersions: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    /// `v2.1`
    package var id: String
    package var version: APIVersion
    package var isCurrent: Bool
    /// Both nil where it has no microversions.
    package var oldest: APIVersion?
    package var newest: APIVersion?
  }

  /// Newest first.
  package var entries: [Entry]

  /// Reads nova's, glance's, neutron's and keystone's documents; nil where it is none of them.
  package init?(_ json: JSON) {
    let list = json["versions"]?.array ?? json["versions"]?["values"]?.array ?? json["version"].map { [$0] }
    guard let list else { return nil }
    entries = list.compactMap { json in
      guard let id = json["id"]?.string, let version = APIVersion(id) else { return nil }
      let status = json["status"]?.string?.lowercased() ?? ""
      return Entry(
        id: id, version: version, isCurrent: status == "current" || status == "stable",
        oldest: json["min_version"]?.string.flatMap { APIVersion($0) },
        newest: (json["version"]?.string ?? json["max_version"]?.string).flatMap { APIVersion($0) })
    }
    entries.sort { $0.version > $1.version }
    if entries.isEmpty { return nil }
  }

  /// Oldest and newest microversion; nil where the service has none.
  package var microversions: ClosedRange<APIVersion>? {
    for entry in entries {
      if let oldest = entry.oldest, let newest = entry.newest, oldest <= newest { return oldest...newest }
    }
    return nil
  }

  /// The newest microversion that both sides speak. Throws where they have none in common, or the service has none.
  package func choose(
    _ wanted: ClosedRange<APIVersion>, of service: ServiceType
  ) throws(CloudError) -> APIVersion {
    let operation = "choose a version of \(service.project)"
    guard let offered = microversions else {
      throw CloudError(
        .unsupported, operation: operation,
        cause: "it offers \(entries.map(\.id).joined(separator: ", ")) without microversions",
        hint: "at least \(wanted.lowerBound) is needed")
    }
    let chosen = min(offered.upperBound, wanted.upperBound)
    guard chosen >= offered.lowerBound, chosen >= wanted.lowerBound else {
      let isOld = offered.upperBound < wanted.lowerBound
      throw CloudError(
        .unsupported, operation: operation,
        cause: "it offers \(offered.lowerBound) to \(offered.upperBound)",
        hint: isOld
          ? "at least \(wanted.lowerBound) is needed: the cloud is too old"
          : "at most \(wanted.upperBound) is known here: the cloud is too new")
    }
    return chosen
  }
}

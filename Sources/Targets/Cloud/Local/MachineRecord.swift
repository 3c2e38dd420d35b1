import Crypto
import FoundationEssentials
import SystemPackage

/// What is written about a machine before anything else of it exists, and is changed only by a rebuild.
struct MachineRecord: Codable, Sendable, Hashable {
  var id: String
  var name: String
  var cluster: String
  var server: String
  var generation: Int
  var hostname: String
  var image: String
  /// The id of the snapshot that its disk is made from in place of the image; nil where it is from the image.
  var snapshot: String?
  var flavor: String
  var userData: String
  var metadata: [String: String]
  var address: String
  /// Both are nil in records of before there were any.
  var moreAddresses: [String]?
  var files: [LocalExtras.File]?
  /// Seconds since 1970.
  var createdAt: Double
  /// When its cluster is meant to end, in seconds since 1970.
  var expiresAt: Double?

  var tag: MachineTag { MachineTag(cluster: cluster, server: server, generation: generation) }

  /// Every address that it has.
  var addresses: [String] { [address] + (moreAddresses ?? []) }

  init(
    _ spec: MachineSpec, _ extras: LocalExtras = LocalExtras(), id: String, address: String, createdAt: Double
  ) {
    self.id = id
    self.address = address
    moreAddresses = extras.moreAddresses.isEmpty ? nil : extras.moreAddresses
    files = extras.files.isEmpty ? nil : extras.files
    self.createdAt = createdAt
    name = ""
    cluster = ""
    server = ""
    generation = 0
    hostname = ""
    image = ""
    flavor = ""
    userData = ""
    metadata = [:]
    take(spec)
  }

  /// What a rebuild changes: all but id, addresses, extra files and age.
  mutating func take(_ spec: MachineSpec) {
    name = spec.name
    cluster = spec.tag.cluster
    server = spec.tag.server
    generation = spec.tag.generation
    hostname = spec.hostname
    image = spec.resolved.imageID
    flavor = spec.resolved.flavorID
    userData = spec.userData
    metadata = spec.metadata
    expiresAt = spec.expiresAt
    snapshot = spec.snapshot.flatMap { $0.addresses == addresses ? $0.imageID : nil }
  }

  /// Eight hexadecimal digits that stand for these texts.
  static func short(_ texts: String...) -> String {
    SHA256.hash(data: Array(texts.joined(separator: "\u{0}").utf8)).prefix(4)
      .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}

/// The services that are used here, by their official types.
package enum ServiceType: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case compute
  case image
  case network
  case identity
  case placement
  case blockStorage = "block-storage"

  /// The official type, and the names that catalogs and configurations had for it, in the order in which they count.
  package var names: [String] {
    switch self {
    case .blockStorage: [rawValue, "volumev3", "volumev2", "volume", "block-store"]
    case .compute, .image, .network, .identity, .placement: [rawValue]
    }
  }

  package var description: String { rawValue }

  /// Whose service it is by and large, for messages.
  package var project: String {
    switch self {
    case .compute: "nova"
    case .image: "glance"
    case .network: "neutron"
    case .identity: "keystone"
    case .placement: "placement"
    case .blockStorage: "cinder"
    }
  }
}

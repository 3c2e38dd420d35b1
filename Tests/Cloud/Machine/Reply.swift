import Targets

/// What the virt driver is told: one JSON object on standard output.
struct Reply: Encodable {
  struct Standing: Encodable {
    var server: String
    var status: String
    var address: String
    /// The machine's name in the cloud's own files.
    var id: String

    init(_ machine: Machine) {
      server = machine.tag.server
      address = machine.addresses.first ?? ""
      id = machine.id
      status =
        switch machine.status {
        case .building: "building"
        case .active: "active"
        case .incomplete: "incomplete"
        case .stopped: "stopped"
        case .deleting: "deleting"
        case .error(let text): "error: \(text)"
        }
    }
  }

  var machines: [Standing]?
  var console: String?
  /// Why it couldn't be done; the exit status is 1 then.
  var error: String?
}

/// Whether servers that are still to be made fit into what is left. Pure.
enum QuotaCheck {
  static func problems(_ machines: [ResolvedMachine], _ offer: Offer, _ quota: Quota) -> [CloudProblem] {
    let flavors = machines.compactMap { machine in offer.flavors.first { $0.id == machine.flavorID } }
    let needs: [(what: String, left: Quota.Left?, needed: Int)] = [
      ("servers", quota.instances, machines.count),
      ("cores", quota.cores, flavors.reduce(0) { $0 + $1.cores }),
      ("MiB of memory", quota.ram, flavors.reduce(0) { $0 + $1.ram }),
      ("ports", quota.ports, machines.reduce(0) { $0 + 1 + $1.extraNetworks.count }),
      ("floating addresses", quota.floatingAddresses, machines.count { $0.floatingNetworkID != nil }),
    ]
    return needs.compactMap { what, left, needed in
      guard let left, needed > 0, left.used + needed > left.limit else { return nil }
      return CloudProblem(
        servers: machines.map(\.name), setting: "quota",
        message: "quota of \(what): \(needed) more needed, \(left.used) of \(left.limit) used",
        hint: "ask for a larger quota, remove what isn't needed any more, or take smaller flavors")
    }
  }
}

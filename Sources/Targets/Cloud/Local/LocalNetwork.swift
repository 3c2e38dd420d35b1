import FoundationEssentials
import SystemPackage

/// The network of one root: a bridge that this host has the first address on, a way out through it, and nothing
/// that outlasts the last machine.
struct LocalNetwork: Codable, Sendable, Hashable {
  var bridge: String
  var subnet: String
  /// Of the interface that leads outside: larger packets would be lost there.
  var mtu: Int
  var table: String

  var gateway: String { Subnet(subnet)?.address(1) ?? "" }
  var prefixLength: Int { Subnet(subnet)?.length ?? 24 }

  /// The lowest address that no machine has; nil where all are given out.
  func freeAddress(_ used: Set<String>) -> String? {
    guard let subnet = Subnet(subnet) else { return nil }
    return (10...250).lazy.map { subnet.address($0) }.first { !used.contains($0) }
  }

  /// The address that is wished for, or a free one.
  func address(_ wish: String?, used: Set<String>, _ operation: String) throws(CloudError) -> String {
    guard let wish else {
      if let free = freeAddress(used) { return free }
      throw CloudError(.quota, operation: operation, cause: "every address of \(subnet) is given out")
    }
    guard let asked = Subnet(wish), asked.length == 32, Subnet(subnet)?.overlaps(asked) == true, wish != gateway else {
      throw CloudError(.failed, operation: operation, cause: "`\(wish)` is no address of \(subnet)")
    }
    guard !used.contains(wish) else {
      throw CloudError(.failed, operation: operation, cause: "another machine has the address \(wish)")
    }
    return wish
  }

  /// The hardware address that goes with an address for ever, so that no neighbour remembers a wrong one.
  static func hardwareAddress(_ address: String) -> String {
    let base = Subnet(address)?.base ?? 0
    let bytes = [24, 16, 8, 0].map { base >> UInt32($0) & 255 }
    return "02:53" + bytes.map { byte in ":" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  /// Makes what is missing; what is there stays as it is.
  var upScript: String {
    """
    if ! ip link show \(bridge) >/dev/null 2>&1; then
      ip link add \(bridge) mtu \(mtu) address \(Self.hardwareAddress(gateway)) type bridge
    fi
    ip address replace \(gateway)/\(prefixLength) dev \(bridge)
    ip link set \(bridge) up
    # Should the bridge go, what is meant for the machines must not leave the host.
    ip route replace unreachable \(subnet) metric 4278198272
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || echo 1 >/proc/sys/net/ipv4/ip_forward
    if ! nft list table ip \(table) >/dev/null 2>&1; then
      nft -f - <<'END'
    table ip \(table) {
      chain postrouting {
        type nat hook postrouting priority srcnat
        ip saddr \(subnet) ip daddr != \(subnet) masquerade
      }
    }
    END
    fi
    """
  }

  /// Removes all of it; what is gone already is fine.
  var downScript: String {
    """
    if ip link show \(bridge) >/dev/null 2>&1; then ip link delete \(bridge); fi
    ip route delete unreachable \(subnet) metric 4278198272 2>/dev/null || true
    if nft list table ip \(table) >/dev/null 2>&1; then nft delete table ip \(table); fi
    """
  }

  /// A new network that fits what `ip` says of this host: of the subnet that is wished for, or of any.
  static func choose(mark: String, wish: String?, taken: String, mtu: Int) throws(CloudError) -> LocalNetwork {
    if let wish { return try wished(mark: mark, wish, taken: taken, mtu: mtu) }
    guard let subnet = Subnet.choose(seed: UInt32(mark, radix: 16) ?? 0, taken: taken) else {
      throw CloudError(
        .failed, operation: "choose a subnet", cause: "every /24 of 10.64.0.0/10 is in use on this host",
        hint: "`ip route` shows by what")
    }
    return LocalNetwork(bridge: "smbr\(mark)", subnet: "\(subnet)", mtu: mtu, table: "stackmake_\(mark)")
  }

  private static func wished(mark: String, _ wish: String, taken: String, mtu: Int) throws(CloudError) -> LocalNetwork {
    let operation = "use the subnet `\(wish)`"
    guard let subnet = Subnet(wish), (8...24).contains(subnet.length) else {
      throw CloudError(.failed, operation: operation, cause: "it isn't like `10.63.0.0/24`")
    }
    if let range = Subnet.ranges(taken).first(where: { $0.overlaps(subnet) }) {
      throw CloudError(
        .failed, operation: operation, cause: "\(range) is in use on this host", hint: "`ip route` shows by what")
    }
    return LocalNetwork(bridge: "smbr\(mark)", subnet: "\(subnet)", mtu: mtu, table: "stackmake_\(mark)")
  }

  /// Nil where the root has none yet. Blocks.
  static func read(_ file: FilePath) throws(CloudError) -> LocalNetwork? {
    guard let bytes = try DiskFile.read(file) else { return nil }
    do {
      return try JSONDecoder().decode(LocalNetwork.self, from: Data(bytes))
    } catch {
      throw CloudError(.failed, operation: "read \(file)", cause: "\(error)")
    }
  }
}

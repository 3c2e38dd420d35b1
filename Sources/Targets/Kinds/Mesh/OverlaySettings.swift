import StackMake

/// What the Stackfile says of the overlay network.
struct OverlaySettings: Sendable, Hashable {
  /// The IPv4 network that its addresses are of.
  var cidr: Subnet
  /// VXLAN network identifier, 24 bits.
  var vni: Int
  /// The UDP port that carries it.
  var port: Int
  /// Bytes; nil for what the way between the servers has room for.
  var mtu: Int?
  /// Globs of the servers that are in it.
  var over: [String]

  /// 4789 is what neutron's own VXLAN uses.
  static let standardPort = 4790

  static let variables = ["overlay_cidr", "overlay_vni", "overlay_port", "overlay_mtu", "overlay_over"]

  /// From variables of the Stackfile; says what is wrong with them.
  init(_ variables: [String: String]) throws(Problem) {
    let text = variables["overlay_cidr"] ?? "172.24.4.0/23"
    guard let cidr = Subnet(text), (8...30).contains(cidr.length), cidr.description == text else {
      throw Problem("overlay_cidr", text, "an IPv4 network such as `172.24.4.0/23`")
    }
    self.cidr = cidr
    vni = try Self.number("overlay_vni", variables, 1_002_016, 1...0xFF_FFFF)
    port = try Self.number("overlay_port", variables, Self.standardPort, 1...65535)
    mtu = variables["overlay_mtu"] == nil ? nil : try Self.number("overlay_mtu", variables, 0, 576...9216)
    over = Self.over(variables)
  }

  /// Known also where another setting is wrong.
  static func over(_ variables: [String: String]) -> [String] {
    (variables["overlay_over"] ?? "*").split(separator: " ").map(String.init)
  }

  /// What is wrong with the overlay of a Stackfile, where it has one: known before any server is made.
  static func problems(in graph: Graph) -> [CloudProblem] {
    guard graph.target(named: "overlay-net") != nil else { return [] }
    do throws(Problem) {
      let settings = try OverlaySettings(graph.variables)
      let members = settings.members(of: graph.places.map(\.name))
      if members.isEmpty {
        return [
          CloudProblem(
            servers: [], setting: "overlay_over",
            message: "`overlay_over = \(settings.over.joined(separator: " "))` matches no server of the layout")
        ]
      }
      guard settings.addresses(of: members, earlier: [:]) == nil else { return [] }
      return [
        CloudProblem(
          servers: [], setting: "overlay_cidr", message: settings.shortage(members.count), hint: shortageHint)
      ]
    } catch {
      return [CloudProblem(servers: [], setting: error.variable, message: error.text)]
    }
  }

  /// The servers that are in it, of all.
  func members(of servers: [String]) -> [String] {
    servers.filter { name in over.contains { Glob.matches($0, name) } }
  }

  func shortage(_ count: Int) -> String { "\(cidr) has fewer addresses than there are servers (\(count))" }
  static let shortageHint = "give `overlay_cidr` a shorter prefix"

  private static func number(
    _ name: String, _ variables: [String: String], _ standard: Int, _ range: ClosedRange<Int>
  ) throws(Problem) -> Int {
    guard let text = variables[name] else { return standard }
    guard let number = Int(text), range.contains(number) else {
      throw Problem(name, text, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  struct Problem: Error, Hashable {
    var variable: String
    var value: String
    var wanted: String

    init(_ variable: String, _ value: String, _ wanted: String) {
      self.variable = variable
      self.value = value
      self.wanted = wanted
    }

    var text: String { "`\(variable) = \(value)` is not \(wanted)" }
  }

  /// An address for each server: that which it had where it had one in this network, else the lowest that is free.
  /// Nil where there are more servers than addresses.
  func addresses(of servers: [String], earlier: [String: String]) -> [String: String]? {
    let room = cidr.length >= 31 ? 0 : (UInt32(1) << UInt32(32 - cidr.length)) - 2
    var result: [String: String] = [:]
    var taken: Set<String> = []
    for server in servers {
      guard let address = earlier[server], let parsed = Subnet(address), parsed.length == 32,
        Subnet(base: parsed.base, length: cidr.length) == cidr, (1...room).contains(parsed.base - cidr.base),
        taken.insert(address).inserted
      else { continue }
      result[server] = address
    }
    var next: UInt32 = 1
    for server in servers where result[server] == nil {
      while next <= room, taken.contains(cidr.address(next)) { next += 1 }
      guard next <= room else { return nil }
      result[server] = cidr.address(next)
      next += 1
    }
    return result
  }
}

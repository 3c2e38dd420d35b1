package import StackMake

/// `overlay-net`: one private network over all servers, whatever lies between them, in which every pair is pinged at
/// full size before it counts as built.
package struct OverlayNetKind: Removable {
  private let cluster: Cluster

  package init(cluster: Cluster) { self.cluster = cluster }

  package var expectedSeconds: Double { 10 }

  package func attributes(of target: TargetID, in graph: Graph) -> [ManifestEntry] {
    OverlaySettings.variables.compactMap { name in
      graph.variables[name].map { ManifestEntry("variable \(name)", $0) }
    }
  }

  /// Who it is and where: how it is trusted, and the like, makes no other network.
  package func heeds(_ key: String, of dependency: TargetID, in graph: Graph) -> Bool {
    guard ["id", "generation", "ip"].contains(key) else { return false }
    let server = String(graph.name(dependency).dropFirst(graph.placePrefix.count))
    return OverlaySettings.over(graph.variables).contains { Glob.matches($0, server) }
  }

  /// Who is in it says which addresses there are.
  package var predictsFromGraph: Bool { true }

  package func predict(_ situation: Situation) -> [String: String]? {
    guard let settings = try? OverlaySettings(situation.graph.variables) else { return nil }
    return Self.outputs(settings, situation, situation.graph.places.map(\.name))
  }

  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {
    let settings: OverlaySettings
    do throws(OverlaySettings.Problem) {
      settings = try OverlaySettings(build.graph.variables)
    } catch {
      throw StepError(operation: "read the settings", subject: build.name, cause: error.text)
    }
    let members = Members(
      of: build.name, in: build.graph, globs: settings.over, shells: cluster.shells, reporter: build.reporter,
      outputs: { build.outputs(of: $0) })
    let names = members.all.map(\.name)
    guard let outputs = Self.outputs(settings, build.situation, names) else {
      throw StepError(
        operation: "choose addresses", subject: build.name, cause: settings.shortage(names.count),
        hint: OverlaySettings.shortageHint)
    }
    let addresses = Dictionary(uniqueKeysWithValues: names.map { ($0, outputs[Self.key($0)]!) })
    let mtu = try await connect(members, settings, addresses)
    try await check(members, addresses, settings, mtu, build)
    build.set(outputs)
  }

  /// Makes the device on each server; gives its MTU.
  private func connect(
    _ members: Members, _ settings: OverlaySettings, _ addresses: [String: String]
  ) async throws(StepError) -> Int {
    let printed = try await members.run("look at its network", isQuiet: true) { OverlayScript.underlay($0.outputs.ip) }
    let underlays = printed.compactMapValues { OverlayScript.underlay(printed: $0) }
    let room = underlays.values.map(\.room).min() ?? 1450
    let mtu = settings.mtu ?? room
    if mtu > room {
      let narrow = underlays.filter { $0.value.room == room }.map(\.key).sorted().joined(separator: ", ")
      throw StepError(
        operation: "set the MTU", subject: "overlay-net",
        cause: "`overlay_mtu = \(mtu)` doesn't fit: the network of \(narrow) has room for \(room) bytes",
        hint: "leave `overlay_mtu` out, and it is what there is room for")
    }
    try await members.run("make the device") { member in
      OverlayScript.up(
        settings, mtu: mtu, local: underlays[member.name]?.address ?? member.outputs.ip,
        address: addresses[member.name]!,
        peers: members.all.filter { $0.name != member.name }.map { underlays[$0.name]?.address ?? $0.outputs.ip })
    }
    return mtu
  }

  private func check(
    _ members: Members, _ addresses: [String: String], _ settings: OverlaySettings, _ mtu: Int, _ build: TargetBuild
  ) async throws(StepError) {
    let names = members.all.map(\.name)
    let printed = try await members.run("ping the others", isQuiet: true) { member in
      OverlayScript.check(names.filter { $0 != member.name }.map { addresses[$0]! }, mtu: mtu)
    }
    var matrix = PingMatrix(names)
    for (name, output) in printed { matrix.add(output, from: name, addresses: addresses) }
    let bad = matrix.bad
    for line in matrix.table.split(separator: "\n") {
      build.reporter.report(.output(target: build.name, place: nil, line: String(line)))
    }
    guard !bad.isEmpty else {
      build.note("\(matrix.count) pairs of \(names.count) servers answer at \(mtu) bytes")
      return
    }
    let onlySmall = bad.allSatisfy { $0.answer == .small }
    let shown = bad.prefix(10).map {
      "\($0.from) -> \($0.to): \($0.answer == .small ? "only small packets" : "no answer")"
    }
    let more = bad.count > shown.count ? ["… and \(bad.count - shown.count) more"] : []
    throw StepError(
      operation: "ping every pair at \(mtu) bytes", subject: build.name,
      cause: (shown + more + [matrix.table]).joined(separator: "\n"),
      hint: onlySmall
        ? "the MTU on the way is smaller than the servers' devices say: set `overlay_mtu` to what gets through"
        : "a security group or a firewall may keep UDP port \(settings.port) between the servers out")
  }

  package func remove(from members: Members) async throws(StepError) {
    try await members.run("remove the device") { _ in OverlayScript.down }
  }

  private static func key(_ server: String) -> String { "ip \(server)" }

  /// The addresses of the servers that are in it; nil where there are too few.
  private static func outputs(
    _ settings: OverlaySettings, _ situation: Situation, _ servers: [String]
  ) -> [String: String]? {
    let members = settings.members(of: servers)
    var earlier: [String: String] = [:]
    for member in members { earlier[member] = situation.trace?.outputs[key(member)] }
    guard let addresses = settings.addresses(of: members, earlier: earlier) else { return nil }
    var outputs = ["vni": String(settings.vni), "members": members.joined(separator: " ")]
    for (member, address) in addresses { outputs[key(member)] = address }
    return outputs
  }
}

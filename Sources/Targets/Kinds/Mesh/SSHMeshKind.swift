package import StackMake

/// `ssh-mesh`: every server's user reaches every other by name, with no prompt. Host keys are those that are pinned;
/// nothing is taken from the network.
package struct SSHMeshKind: Removable {
  private let cluster: Cluster

  package init(cluster: Cluster) { self.cluster = cluster }

  package func heeds(_ key: String, of dependency: TargetID, in graph: Graph) -> Bool { key != "trust" }

  package var expectedSeconds: Double { 5 }

  /// Which keys the servers have, only they tell.
  package func predict(_ situation: Situation) -> [String: String]? { nil }

  package func apply(_ action: String, _ build: TargetBuild) async throws(StepError) {
    let members = Members(
      of: build.name, in: build.graph, shells: cluster.shells, reporter: build.reporter,
      outputs: { build.outputs(of: $0) })
    let printed = try await members.run("make keys", isQuiet: true) { _ in MeshScript.keys }
    var keys: [MeshScript.Keys] = []
    for member in members.all {
      guard let own = printed[member.name].flatMap({ MeshScript.keys($0) }) else {
        throw StepError(
          operation: "make keys", subject: "\(build.name) on \(member.name)",
          cause: "it printed no public keys: \(printed[member.name] ?? "")")
      }
      keys.append(own)
    }
    let peers = members.all.map { member in
      MeshScript.Peer(
        name: member.name, address: member.outputs.ip, port: member.outputs.port, user: member.user,
        hostKeys: member.outputs.hostKeys)
    }
    let script = MeshScript(cluster: cluster.id).join(peers, keys)
    try await members.run("make the others known") { _ in script }
    try await check(members, build)
    let text = peers.map { "\($0)" }.joined(separator: "\n") + keys.map { "\($0)" }.joined(separator: "\n")
    build.set(["members": peers.map(\.name).joined(separator: " "), "keys": Fingerprint(of: text).short])
  }

  /// Every server logs in to the others: to all of them, or, where they are many, to those that follow it.
  private func check(_ members: Members, _ build: TargetBuild) async throws(StepError) {
    let names = members.all.map(\.name)
    let failed = try await members.run("log in to the others") { member in
      MeshScript.check(Self.partners(of: member.name, among: names))
    }
    let lines = names.flatMap { name in
      (failed[name] ?? "").split(separator: "\n").map { "\(name) -> \($0)" }
    }
    guard lines.isEmpty else {
      throw StepError(
        operation: "log in from server to server", subject: build.name, cause: lines.joined(separator: "\n"),
        hint: "a security group or a firewall may keep SSH between the servers out")
    }
  }

  /// The servers that one logs in to: all the others up to 16, in a circle from it.
  static func partners(of name: String, among names: [String]) -> [String] {
    guard let at = names.firstIndex(of: name) else { return [] }
    return (1..<max(1, min(names.count, 17))).map { names[(at + $0) % names.count] }
  }

  package func remove(from members: Members) async throws(StepError) {
    let script = MeshScript(cluster: cluster.id).leave
    try await members.run("forget the others") { _ in script }
  }
}

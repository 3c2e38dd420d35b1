import StackMake

/// Whether images are of a distribution that the branch of DevStack runs on: stack.sh itself says so only when a server
/// has been made, and the user has waited. Pure.
struct DevStackCheck: Sendable, Hashable {
  var problems: [CloudProblem] = []
  var notes: [String] = []

  /// What stack.sh of a branch takes, by the names that it has for them.
  static let supported = [
    "master": ["trixie", "bookworm", "noble", "resolute", "rhel9", "rhel10"],
    "stable/2026.1": ["trixie", "bookworm", "noble", "rhel9", "rhel10"],
    "stable/2025.2": ["bookworm", "jammy", "noble", "rhel9", "rhel10"],
    "stable/2025.1": ["bookworm", "jammy", "noble", "rhel9"],
  ]

  /// Nothing to check without a variable `branch`, and for servers that nothing is stacked on.
  init(_ graph: Graph, _ machines: [ResolvedMachine]) {
    guard let branch = graph.variables["branch"] else { return }
    let stacked = Set(
      graph.targets.filter { graph.kind($0) == "stacked" }.compactMap { graph.place($0).map { graph[$0].name } })
    let images = Dictionary(grouping: machines.filter { stacked.contains($0.name) }) { machine in
      machine.distro ?? graph.machineWants.first { $0.name == machine.name }.flatMap { ImageDistro(name: $0.image) }
    }
    guard !images.isEmpty else { return }
    guard let supported = Self.supported[branch] else {
      notes = ["`branch = \(branch)` is none that is known here: whether DevStack runs on these images wasn't checked"]
      return
    }
    let isForced = ["yes", "true", "1"].contains(graph.variables["force_distro"] ?? "")
    for (distro, machines) in images.sorted(by: { ($0.key?.text ?? "") < ($1.key?.text ?? "") }) {
      let servers = machines.map(\.name)
      guard let distro else {
        notes.append(
          "which distribution the image of \(servers.joined(separator: ", ")) has isn't known: DevStack may not take it"
        )
        continue
      }
      guard !supported.contains(distro.release) else { continue }
      let message = "DevStack's branch `\(branch)` doesn't run on \(distro.text)"
      if isForced {
        notes.append("\(message) (\(servers.joined(separator: ", "))), and `force_distro` says to try")
      } else {
        problems.append(
          CloudProblem(
            servers: servers, setting: "image", message: message,
            hint: "take an image of \(supported.joined(separator: ", ")), or say `force_distro = yes` here and "
              + "FORCE=yes in DevStack's own settings"))
      }
    }
  }
}

/// A first Stackfile, with comments. Pure.
package struct StarterText: Sendable {
  /// `local`, or the name of an entry of clouds.yaml.
  package var cloud: String
  package var menu: CloudMenu
  package var pack: StarterPack
  package var choice: StarterChoice

  package init(cloud: String, menu: CloudMenu, pack: StarterPack, choice: StarterChoice) {
    self.cloud = cloud
    self.menu = menu
    self.pack = pack
    self.choice = choice
  }

  package var text: String {
    ([head] + settings + [build, layout] + recipes).map { $0 + "\n" }.joined(separator: "\n")
  }

  private var head: String {
    """
    # What this cluster is made of. `stackmake -n` says what would be done and why, `stackmake` does it,
    # `stackmake clean` takes all of it down again.
    """
  }

  /// The cloud, and what its servers are made of.
  private var settings: [String] {
    let isLocal = cloud == "local"
    var parts = [
      isLocal
        ? "# The servers are machines of this host. A name of clouds.yaml makes them in that cloud.\ncloud = local"
        : "# An entry of clouds.yaml. `cloud = local` makes the servers on this host.\ncloud = \(cloud)",
      """
      # What servers are made of where the layout doesn't say otherwise.
      # Images: \(Self.some(menu.images.map(\.name)))
      image = \(choice.image)
      # Flavors: \(Self.some(menu.flavors.map(Self.described)))
      flavor = \(choice.flavor)
      """,
    ]
    if let network = choice.network {
      parts[1] += "\n# Networks: \(Self.some(menu.networks)). Several, with commas between: the first is reached.\n"
      parts[1] += "network = \(network)"
    }
    var more: [String] = []
    if menu.zones.count > 1 {
      more.append("# Zones: \(Self.some(menu.zones)). Without one the cloud chooses.\n# zone = \(menu.zones[0])")
    }
    if let first = menu.externalNetworks.first {
      let network = menu.externalNetworks.count > 1 ? first : "yes"
      more.append("# An address from outside (of \(Self.some(menu.externalNetworks))) for each server.")
      more[more.count - 1] += "\n# floating = \(network)"
    }
    if let first = menu.keyPairs.first {
      more.append(
        "# A key pair of yours instead of one that is made for the cluster: \(Self.some(menu.keyPairs))\n"
          + "# key_pair = \(first)")
    }
    more.append(
      """
      # How long all of it is meant to be there, from its first server on. `stackmake status` tells when it ends,
      # `stackmake gc --expired --yes` takes down what is past its end.
      # expire = 3d
      """)
    return parts + [more.joined(separator: "\n")]
  }

  private var build: String {
    switch pack {
    case .plain: "# Every server reaches every other by its name, by ssh and without a password.\nssh-mesh:"
    case .devstack:
      """
      # DevStack, by its own stack.sh. `stackmake pack devstack` shows all that can be set.
      include <devstack>
      branch = \(StarterPack.branch)
      """
    case .openstackDebian:
      """
      # OpenStack of Debian's packages. `stackmake pack openstack-debian` shows all that can be set.
      include <openstack-debian>
      """
    }
  }

  private var layout: String {
    let own = choice.computeFlavor == choice.flavor ? "" : " flavor=\(choice.computeFlavor)"
    return """
      # The servers: `count=3` makes compute-1 to compute-3. Settings on a line are that line's alone.
      layout:
          controller
          compute count=\(choice.computes)\(own)
      """
  }

  private var recipes: [String] {
    guard pack == .plain else { return [] }
    return [
      """
      # A recipe for each server, which runs there as its user. What has run runs again only when it changes.
      configured/%: ssh-mesh
          echo "{{ server }} of {{ cluster }} is {{ ip }}" > about
      """,
      """
      # When all of them are configured, one more on the controller.
      verified: configured/*
          on controller
          for server in {{ hostnames * }}; do ssh -n "$server" cat about; done
      """,
    ]
  }

  private static func described(_ flavor: CloudMenu.Flavor) -> String {
    var parts = ["\(flavor.memory) MiB"]
    if let cores = flavor.cores { parts.append(cores == 1 ? "1 core" : "\(cores) cores") }
    if flavor.disk > 0 { parts.append("\(flavor.disk) GiB") }
    return "\(flavor.name) (\(parts.joined(separator: ", ")))"
  }

  /// The first of them, and how many more there are.
  private static func some(_ names: [String]) -> String {
    let most = 8
    let shown = names.prefix(most).joined(separator: ", ")
    return names.count > most ? "\(shown) and \(names.count - most) more" : shown
  }
}

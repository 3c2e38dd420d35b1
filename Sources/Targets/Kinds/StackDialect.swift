package import StackMake

extension Dialect {
  /// The dialect of stackmake: servers, their layout and what is stacked on them.
  ///
  /// - Parameter cluster: the name of the cluster where no variable says one.
  package static func stack(cluster: String) -> Dialect {
    Dialect(
      block: "layout",
      settings: [
        "flavor", "image", "zone", "network", "security-group", "volume", "floating", "spread", "role", "user",
      ],
      settingPrefixes: ["meta."],
      settingDefaults: ["user": "stack"],
      variants: [
        Variant("cloud", "local", settingDefaults: ["image": "debian-12", "flavor": "m1.small"]),
        Variant("cloud", "static", settings: ["host", "port", "key", "host-key"]),
      ],
      functions: [
        "server": .placeName,
        "hostname": .placeName,
        "hostnames": .placeNames,
        "user": .setting("user"),
        "ip": .output(prefix: "server/", key: "ip"),
        "ips": .outputs(prefix: "server/", key: "ip"),
        "join": .joinedOutputs(prefix: "server/", key: "ip"),
      ],
      implied: [
        Implied("image-validated"),
        Implied("layout", dependencies: ["image-validated"]),
        Implied("server/%", dependencies: ["layout"]),
        Implied("stacked/%", onlyIfDeclared: true, dependencies: ["server/%"]),
      ],
      kindNames: ["image-validated", "layout"],
      kindPrefixes: ["server", "stacked", "reset"],
      placePrefix: "server/",
      onceKinds: ["stacked"],
      apartKinds: ["reset"],
      refused: [
        "ssh-mesh": "`ssh-mesh` is not available yet",
        "overlay-net": "`overlay-net` is not available yet",
        "cells-verified": "`cells-verified` is not available yet",
      ],
      defaults: ["cluster": cluster])
  }
}

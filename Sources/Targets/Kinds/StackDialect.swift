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
        "overlay_ip": .shared(target: "overlay-net", key: "ip"),
        "result": .result,
        "join": .joinedOutputs(prefix: "server/", key: "ip"),
      ],
      implied: [
        Implied("image-validated"),
        Implied("layout", dependencies: ["image-validated"]),
        Implied("server/%", dependencies: ["layout"]),
        Implied("ssh-mesh", onlyIfDeclared: true, dependencies: ["server/*"]),
        Implied("overlay-net", onlyIfDeclared: true, dependencies: ["server/*"]),
        Implied(
          "stacked/%", onlyIfDeclared: true, dependencies: ["server/%"], orderOnly: ["ssh-mesh", "overlay-net"]),
        Implied("cells-verified", onlyIfDeclared: true, dependencies: ["stacked/*"]),
      ],
      kindNames: ["image-validated", "layout", "ssh-mesh", "overlay-net"],
      kindPrefixes: ["server", "stacked", "reset", "leave"],
      placePrefix: "server/",
      onceKinds: ["stacked"],
      apartKinds: ["reset", "leave"],
      described: "access",
      defaults: ["cluster": cluster])
  }
}

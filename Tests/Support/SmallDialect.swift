package import StackMake

extension Dialect {
  /// A dialect with one of everything, so that the loader can be tested without the real kinds.
  package static let small = Dialect(
    block: "layout",
    settings: ["flavor", "image", "zone", "user"],
    settingPrefixes: ["meta."],
    settingDefaults: ["user": "stack"],
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
      Implied("stacked/%", onlyIfDeclared: true, dependencies: ["server/%"], orderOnly: ["ssh-mesh"]),
      Implied("ssh-mesh", onlyIfDeclared: true, dependencies: ["server/*"]),
    ],
    kindNames: ["image-validated", "layout", "ssh-mesh"],
    kindPrefixes: ["server", "stacked"],
    placePrefix: "server/",
    onceKinds: ["stacked"],
    defaults: ["cluster": "lab"])
}

import SystemPackage

/// What this host lacks for the local cloud, all of it in one list.
enum HostCheck {
  /// Programs, and the Debian packages that they are in.
  static let programs = [
    "systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "nft": "nftables", "ip": "iproute2",
    "setsid": "util-linux", "unshare": "util-linux", "nsenter": "util-linux", "setpriv": "util-linux",
    "flock": "util-linux", "bash": "bash", "find": "findutils", "apt-config": "apt",
  ]

  /// Prints a line for each thing that the kernel can't do. Runs in mount and network namespaces of its own, which
  /// take with them all that it makes.
  static let kernelScript = """
    try() { local what=$1; shift; "$@" >/dev/null 2>&1 || echo "$what"; }
    try 'the kernel has no bridge' ip link add smcheck0 type bridge
    try 'the kernel has no veth' ip link add smcheck1 type veth peer name smcheck2
    try 'the kernel has no nf_tables' nft add table ip smcheck
    try 'no tmpfs can be mounted' mount -t tmpfs tmpfs /tmp
    mkdir -p /tmp/lower /tmp/upper /tmp/work /tmp/root
    try 'the kernel has no overlay file system' \\
      mount -t overlay overlay -o index=off,lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work /tmp/root
    [ -e /sys/fs/cgroup/cgroup.procs ] || [ -e /sys/fs/cgroup/unified/cgroup.procs ] \\
      || [ -e /sys/fs/cgroup/systemd/cgroup.procs ] || echo 'no control group hierarchy is mounted on /sys/fs/cgroup'
    """

  /// Throws with everything that is missing.
  static func check(_ settings: LocalSettings, _ host: HostPrograms) async throws(CloudError) {
    let operation = "use this host as a cloud"
    try checkUser(settings, operation)
    var problems: [String] = []
    let missing = try await offload { () throws(CloudError) in
      programs.keys.sorted().filter { name in !host.path.contains { DiskFile.exists(FilePath("\($0)/\(name)")) } }
    }
    problems += missing.map { "`\($0)` is missing" }
    if [",", ":", "\\", "\n", "\""].contains(where: {
      settings.root.string.contains($0) || settings.imageCache.string.contains($0)
    })
      || !settings.root.isAbsolute || !settings.imageCache.isAbsolute
    {
      problems.append("`\(settings.root)` can't be the place for machines: an overlay takes no such path")
    }
    if missing.isEmpty {
      let output = try await host.run(
        "unshare", ["--mount", "--net", "--propagation", "private", "bash", "-s"], input: kernelScript)
      problems += output.text.split(separator: "\n").map(String.init)
      if output.status != 0, output.text.isEmpty {
        problems.append("no namespaces can be made: \(output.error.trimmed)")
      }
      // Deeper directories may not exist yet.
      let kind = try await host.run(
        "bash",
        [
          "-c", "d=$0; while [ ! -e \"$d\" ]; do d=${d%/*}; d=${d:-/}; done; stat -f -c %T \"$d\"",
          settings.root.string,
        ])
      if kind.text.trimmed == "overlayfs" {
        problems.append(
          "`\(settings.root)` is on an overlay, on which no other can be put: give it a file system of its own")
      }
    }
    guard problems.isEmpty else {
      let packages = Set(missing.compactMap { programs[$0] }).sorted().joined(separator: " ")
      throw CloudError(
        .unsupported, operation: operation, cause: problems.joined(separator: "; "),
        hint: packages.isEmpty
          ? "docs/local-cloud.md says what it needs" : "apt-get install -y \(packages)")
    }
  }

  static func checkUser(_ settings: LocalSettings, _ operation: String) throws(CloudError) {
    guard settings.userID == 0 else {
      throw CloudError(
        .unsupported, operation: operation, cause: "only root can make machines on this host",
        hint: "run it with sudo, or name another cloud in the Stackfile")
    }
  }
}

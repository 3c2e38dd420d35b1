import FoundationEssentials
import SystemPackage

/// What is in a machine's disk before it boots for the first time: cloud-init's seed, and how names are resolved.
struct MachineSeed: Sendable, Hashable {
  var record: MachineRecord
  var surroundings: HostSurroundings
  var mirrors: DebianMirrors

  /// Files of the disk by path, with their permission bits.
  func files() throws(CloudError) -> [(path: String, text: String, mode: UInt16)] {
    let instance = "\(record.id)-g\(record.generation)"
    let metadata = ["instance-id": instance, "local-hostname": record.hostname]
    let names = mirrors.hosts.union(surroundings.proxies.values.compactMap(DebianMirrors.host))
    let hosts =
      ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"] + surroundings.hostsLines(naming: names)
    return [
      ("var/lib/cloud/seed/nocloud/user-data", record.userData, 0o600),
      ("var/lib/cloud/seed/nocloud/meta-data", DiskFile.json(metadata), 0o644),
      ("etc/resolv.conf", surroundings.machineResolvConf ?? "", 0o644),
      ("etc/hosts", hosts.map { "\($0)\n" }.joined(), 0o644),
    ] + (record.files ?? []).map { ($0.path, $0.text, $0.mode) }
  }

  /// Makes the disk of a generation from nothing, or over the layers of a snapshot. What is made last is the script
  /// that runs it: where that is there, the disk is whole, and is kept from then on. Blocks.
  func write(_ files: GenerationFiles, over base: BaseImage, script: String) throws(CloudError) {
    for name in ["upper", "work", "root"] { try DiskFile.makeDirectory(files.directory.appending(name)) }
    for file in try self.files() {
      let path = files.upper.pushing(FilePath(file.path))
      try DiskFile.makeDirectory(path.removingLastComponent())
      try DiskFile.write(file.text, to: path, mode: file.mode)
    }
    try DiskFile.write(DiskFile.json(base), to: files.base)
    try DiskFile.write(script, to: files.script, mode: 0o700)
  }
}

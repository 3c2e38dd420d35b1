import FoundationEssentials
import SystemPackage

/// How machines look from outside, read from their files. All of it blocks.
extension MachineFiles {
  func machine(_ record: MachineRecord) -> Machine {
    let status = status(record)
    return Machine(
      id: id, name: record.name, tag: record.tag, status: status, addresses: record.addresses,
      imageID: record.snapshot ?? record.image, flavorID: record.flavor, createdAt: record.createdAt,
      expiresAt: record.expiresAt)
  }

  private func status(_ record: MachineRecord) -> Machine.Status {
    if DiskFile.exists(deleting) { return .deleting }
    let generation = generation(record.generation)
    // Before the process is looked for: one that ends between the two has said so.
    let isLocked = FileLock.isHeld(lock)
    if generation.supervisor() != nil { return generation.isBooted() ? .active : .building }
    if isLocked { return .building }
    let state = generation.state()
    if state.hasPrefix("failed ") {
      let console = (try? generation.consoleText()) ?? ""
      let end = console.split(separator: "\n").suffix(5).map { "\n    \($0)" }.joined()
      return .error(state.dropFirst("failed ".count) + end)
    }
    return state.isEmpty ? .incomplete : .stopped
  }
}

extension GenerationFiles {
  /// The last MiB of what it wrote.
  func consoleText() throws(CloudError) -> String {
    let bytes = try DiskFile.read(console, limit: 1 << 20) ?? []
    return String(decoding: bytes.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
  }

  /// The keys on the machine's own disk, once cloud-init has made them all. They stay the same for a generation.
  func hostKeys() throws(CloudError) -> [HostKey]? {
    let state = upper.pushing("var/lib/cloud")
    // cloud-init forgets its status at each boot, but not what it did for this instance once: set_passwords is done in
    // the stage after the one that makes the keys.
    let instances = state.appending("instances")
    let wasShown = DiskFile.list(instances).contains {
      DiskFile.exists(instances.appending($0).pushing("sem/config_set_passwords"))
    }
    let status = try DiskFile.read(state.pushing("data/status.json")) ?? []
    guard wasShown || Self.hasInitialized(status: status) else { return nil }
    var keys: [HostKey] = []
    let directory = upper.pushing("etc/ssh")
    for name in DiskFile.list(directory) where name.hasPrefix("ssh_host_") && name.hasSuffix("_key.pub") {
      let words = try (DiskFile.text(directory.appending(name)) ?? "").split(whereSeparator: \.isWhitespace)
      if words.count >= 2 { keys.append(HostKey(type: String(words[0]), base64: String(words[1]))) }
    }
    return keys.isEmpty ? nil : keys
  }

  /// Whether cloud-init's status says that its network stage, which makes the keys, has ended. Pure.
  static func hasInitialized(status: [UInt8]) -> Bool {
    struct Status: Decodable {
      struct Stages: Decodable {
        struct Stage: Decodable { var finished: Double? }
        var `init`: Stage?
      }
      var v1: Stages
    }
    return (try? JSONDecoder().decode(Status.self, from: Data(status)))?.v1.`init`?.finished != nil
  }
}

extension RootFiles {
  /// Makes a machine exist: its directory appears with the record in it. Under the root's lock.
  func enter(_ record: MachineRecord) throws(CloudError) {
    let new = machines.appending(".new-\(record.id)")
    try DiskFile.makeDirectory(new, mode: 0o700)
    try DiskFile.write(DiskFile.json(record), to: new.appending("machine.json"), mode: 0o600)
    try DiskFile.rename(new, machines.appending(record.id))
  }

  /// Takes a machine's directory out of the list. Under the root's lock.
  func discard(_ id: String) throws(CloudError) { try discard(machines.appending(id), as: id) }

  /// Takes a directory to where it is removed. Under the root's lock.
  func discard(_ directory: FilePath, as name: String) throws(CloudError) {
    try DiskFile.makeDirectory(trash, mode: 0o700)
    var number = 0
    while DiskFile.exists(trash.appending("\(name).\(number)")) { number += 1 }
    try DiskFile.rename(directory, trash.appending("\(name).\(number)"))
  }
}

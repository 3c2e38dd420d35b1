import FoundationEssentials
import SystemPackage

/// Where everything under a root is.
///
///     network.json                 bridge and subnet
///     lock                         held while machines are added or removed
///     machines/ID/machine.json     the record: what makes the machine exist
///     machines/ID/lock             held while it is made, rebuilt or deleted
///     machines/ID/deleting         its deletion has begun
///     machines/ID/gen-N/           one generation of its disk: lower/NNN (layers that came from a snapshot, or went
///                                  into one), upper, work, root (mounted only for the supervisor),
///                                  supervise, supervisor, state, cgroups, console.log, supervisor.log
///     snapshots/ID/                an image of a machine's disk: snapshot.json, lower/NNN, upper; .new-ID while it is made
///     trash/                       directories of deleted machines and snapshots, until they are removed
struct RootFiles: Sendable, Hashable {
  let root: FilePath
  /// Eight hexadecimal digits that tell this root's bridge, tables and groups from those of others.
  let mark: String

  init(root: FilePath) {
    self.root = root
    mark = MachineRecord.short(root.string)
  }

  var lock: FilePath { root.appending("lock") }
  var network: FilePath { root.appending("network.json") }
  var machines: FilePath { root.appending("machines") }
  var snapshotDirectory: FilePath { root.appending("snapshots") }
  var trash: FilePath { root.appending("trash") }

  func machine(_ id: String) -> MachineFiles { MachineFiles(directory: machines.appending(id), id: id, mark: mark) }

  /// Whether it can be the name of a machine's directory.
  static func isID(_ id: String) -> Bool {
    !id.isEmpty && id.utf8.count <= 32
      && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
  }

  /// Every record, by address. Blocks.
  func records() throws(CloudError) -> [MachineRecord] {
    var records: [MachineRecord] = []
    for id in DiskFile.list(machines) where Self.isID(id) {
      if let record = try machine(id).record() { records.append(record) }
    }
    return records
  }
}

struct MachineFiles: Sendable, Hashable {
  let directory: FilePath
  let id: String
  let mark: String

  var recordFile: FilePath { directory.appending("machine.json") }
  var lock: FilePath { directory.appending("lock") }
  var deleting: FilePath { directory.appending("deleting") }

  func generation(_ number: Int) -> GenerationFiles {
    GenerationFiles(directory: directory.appending("gen-\(number)"), unit: "stackmake-\(mark)-\(id)-g\(number)")
  }

  /// Numbers of the generations that have a directory. Blocks.
  func generations() -> [Int] {
    DiskFile.list(directory).compactMap { $0.hasPrefix("gen-") ? Int($0.dropFirst(4)) : nil }
  }

  /// The host's end of its cable.
  var link: String { "smv\(id)" }

  /// Nil where there is no such machine. Blocks.
  func record() throws(CloudError) -> MachineRecord? {
    guard let bytes = try DiskFile.read(recordFile) else { return nil }
    do {
      return try JSONDecoder().decode(MachineRecord.self, from: Data(bytes))
    } catch {
      throw CloudError(
        .failed, operation: "read \(recordFile)", cause: "\(error)",
        hint: "it isn't what stackmake wrote; docs/local-cloud.md says how to remove a machine by hand")
    }
  }

  func write(_ record: MachineRecord) throws(CloudError) {
    try DiskFile.write(DiskFile.json(record), to: recordFile, mode: 0o600)
  }
}

/// One generation of a machine: its disk, and the supervisor that runs it.
struct GenerationFiles: Sendable, Hashable {
  let directory: FilePath
  /// The name of its control group, and of its service where systemd runs the host.
  let unit: String

  var upper: FilePath { directory.appending("upper") }
  /// What its upper layer was made over.
  var base: FilePath { directory.appending("base") }
  var script: FilePath { directory.appending("supervise") }
  var supervisorFile: FilePath { directory.appending("supervisor") }
  var stateFile: FilePath { directory.appending("state") }
  var groupsFile: FilePath { directory.appending("cgroups") }
  var console: FilePath { directory.appending("console.log") }
  var log: FilePath { directory.appending("supervisor.log") }

  /// The process that runs it; nil where none does. Blocks.
  func supervisor() -> ProcessID? {
    guard let text = try? DiskFile.text(supervisorFile), let process = ProcessID(text), process.isAlive else {
      return nil
    }
    return process
  }

  /// `starting`, `running`, `exited N`, `failed WHY`; "" where it never started. Blocks.
  func state() -> String { ((try? DiskFile.text(stateFile)) ?? "").trimmed }

  /// Whether its supervisor ended of its own accord. Blocks.
  var hasEnded: Bool {
    let state = state()
    return state.hasPrefix("exited ") || state.hasPrefix("failed ")
  }

  /// Its control groups. Blocks.
  func groups() -> [FilePath] {
    ((try? DiskFile.text(groupsFile)) ?? "").split(separator: "\n").map { FilePath(String($0)) }
      // The file is ours, and yet: nothing but a group of ours is ever emptied.
      .filter { $0.string.hasPrefix("/sys/fs/cgroup/") && $0.string.contains(unit) }
  }

  /// Whether the machine's systemd has made the group that it runs in. Blocks.
  func isBooted() -> Bool {
    groups().contains { group in
      ["machine/payload/init.scope", "machine/init.scope"].contains { DiskFile.exists(group.pushing(FilePath($0))) }
    }
  }
}

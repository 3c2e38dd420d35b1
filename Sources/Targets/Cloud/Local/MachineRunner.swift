import Glibc
import SystemPackage

/// Starts and ends machines: whatever a record says and doesn't exist yet, and whatever exists and shouldn't any more.
struct MachineRunner: Sendable {
  let host: LocalHost
  let files: RootFiles

  func images(_ known: LocalHost.Known) -> ImageStore {
    ImageStore(
      cache: host.settings.imageCache, programs: host.programs, surroundings: known.surroundings,
      clock: host.settings.clock, progress: { [host] in host.tell($0) })
  }

  /// Makes of a machine what its record says, from whatever an earlier attempt left.
  func complete(_ id: String, _ operation: String, _ known: LocalHost.Known) async throws(CloudError) -> Machine {
    let machine = files.machine(id)
    return try await locked(machine.lock, operation) { () async throws(CloudError) -> Machine in
      let record = try await standing(machine, operation)
      let generation = machine.generation(record.generation)
      if try await offload({ () throws(CloudError) in generation.supervisor() == nil }) {
        guard let recipe = ImageRecipe.image(ofID: record.image).flatMap(LocalCatalog(mirrors: known.mirrors).recipe)
        else {
          throw CloudError(.notFound, operation: operation, cause: "there is no image `\(record.image)`")
        }
        let base = try await base(recipe, record, generation, known)
        // It takes a while, and somebody may have thought better of it.
        _ = try await standing(machine, operation)
        let network = try await locked(files.lock, operation) { () async throws(CloudError) -> LocalNetwork in
          try await self.network(operation)
        }
        let old = try await offload { () throws(CloudError) in machine.generations() }
        try await stop(machine, old)
        try await remove(old.filter { $0 != record.generation }.map { machine.generation($0).directory })
        let script = SuperviseScript(
          record: record, files: generation, link: machine.link, base: base.path, network: network,
          memory: LocalCatalog.flavors[record.flavor] ?? 0)
        if try await offload({ () throws(CloudError) in !DiskFile.exists(generation.script) }) {
          try await remove([generation.directory])
          if let snapshot = record.snapshot { try await restore(snapshot, to: generation, operation) }
          let seed = MachineSeed(record: record, surroundings: known.surroundings, mirrors: known.mirrors)
          try await offload { () throws(CloudError) in try seed.write(generation, over: base, script: script.text) }
        } else {
          try await offload { () throws(CloudError) in
            try DiskFile.write(script.text, to: generation.script, mode: 0o700)
          }
        }
        try await start(script, operation)
      }
      return try await offload { () throws(CloudError) in machine.machine(record) }
    }
  }

  /// Ends a machine and removes all that was made with it. One that doesn't exist is fine.
  func delete(_ id: String, _ operation: String) async throws(CloudError) {
    let machine = files.machine(id)
    let files = files
    do throws(CloudError) {
      let exists = try await offload { () throws(CloudError) in
        guard DiskFile.exists(machine.recordFile) else { return false }
        try DiskFile.write("", to: machine.deleting)
        return true
      }
      if exists {
        try await locked(machine.lock, operation) { () async throws(CloudError) in
          try await stop(machine, try await offload { () throws(CloudError) in machine.generations() })
          try await locked(files.lock, operation) { () async throws(CloudError) in
            try await offload { () throws(CloudError) in try files.discard(id) }
          }
        }
      }
    } catch  where error.code == .notFound {
      // Somebody else was faster.
    }
    try await tidy(operation)
  }

  /// Removes what deletions left: directories of deleted machines and, after the last machine, the network.
  func tidy(_ operation: String) async throws(CloudError) {
    let files = files
    guard try await offload({ () throws(CloudError) in DiskFile.exists(files.root) }) else { return }
    try await remove(
      try await offload { () throws(CloudError) in DiskFile.list(files.trash).map { files.trash.appending($0) } })
    try await locked(files.lock, operation) { () async throws(CloudError) in
      let left = try await offload { () throws(CloudError) in DiskFile.list(files.machines) }
      try await remove(left.filter { !RootFiles.isID($0) }.map { files.machines.appending($0) })
      guard !left.contains(where: RootFiles.isID),
        let network = try await offload({ () throws(CloudError) in try LocalNetwork.read(files.network) })
      else { return }
      try await host.programs.script("remove the network of \(files.root)", network.downScript)
      try await offload { () throws(CloudError) in DiskFile.remove(files.network) }
    }
  }

  /// The root's network, made now if it isn't there. Under the root's lock.
  func network(_ operation: String) async throws(CloudError) -> LocalNetwork {
    let files = files
    let network: LocalNetwork
    if let existing = try await offload({ () throws(CloudError) in try LocalNetwork.read(files.network) }) {
      network = existing
    } else {
      let said = try await host.programs.script(
        "read this host's addresses", "ip -4 -o route show table all; ip -4 -o address show")
      let mtu = try await host.programs.script(
        "read this host's addresses",
        """
        device=$(ip -4 route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)
        [ -z "$device" ] || cat "/sys/class/net/$device/mtu"
        """)
      network = try LocalNetwork.choose(
        mark: files.mark, wish: host.settings.subnet, taken: said, mtu: min(Int(mtu.trimmed) ?? 1500, 1500))
      // Written first, so that it can be removed wherever the rest is cut off.
      try await offload { [network] () throws(CloudError) in
        try DiskFile.write(DiskFile.json(network), to: files.network)
      }
    }
    try await host.programs.script("make the network of \(files.root)", network.upScript)
    try await raiseInotify()
    return network
  }

  /// Each booted systemd holds about seven of root's inotify instances, and hangs where none is left.
  private func raiseInotify() async throws(CloudError) {
    let raised = try await host.programs.script(
      "raise fs.inotify.max_user_instances",
      """
      file=/proc/sys/fs/inotify/max_user_instances
      if [ "$(cat $file)" -lt 8192 ]; then echo 8192 >$file; echo raised; fi
      """)
    if !raised.isEmpty { host.tell("raised fs.inotify.max_user_instances to 8192") }
  }

  private func start(_ script: SuperviseScript, _ operation: String) async throws(CloudError) {
    let generation = script.files
    try await offload { () throws(CloudError) in
      DiskFile.remove(generation.stateFile)
      DiskFile.remove(generation.supervisorFile)
    }
    if try await offload({ [host] () throws(CloudError) in host.hasSystemd }) {
      let command = script.serviceCommand()
      let output = try await host.programs.run(command[0], Array(command.dropFirst()))
      guard output.status == 0 else {
        throw CloudError(.failed, operation: operation, cause: "systemd-run: \(output.error.trimmed)")
      }
    } else {
      try await host.programs.launch(operation, script.command)
    }
    for _ in 0..<1000 {
      let started = try await offload { () throws(CloudError) in
        generation.supervisor() != nil || generation.hasEnded
      }
      if started { return }
      try await pause(operation)
    }
    throw CloudError(
      .failed, operation: operation, cause: "its supervisor doesn't start", hint: "see \(generation.log)")
  }

  /// Ends everything that runs for these generations of a machine, and removes its link and control groups.
  func stop(_ machine: MachineFiles, _ generations: [Int]) async throws(CloudError) {
    let all = generations.map { machine.generation($0) }
    if all.isEmpty { return }
    let operation = "stop machine `\(machine.id)`"
    for attempt in 0...1000 {
      let left = try await offload { () throws(CloudError) in
        // The supervisors first: they start what ends.
        for generation in all { generation.supervisor()?.kill() }
        var left = 0
        for group in all.flatMap({ $0.groups() }) {
          for pid in ControlGroup.processes(group) {
            left += 1
            kill(pid, SIGKILL)
          }
        }
        return left
      }
      if left == 0 { break }
      guard attempt < 1000 else {
        throw CloudError(.failed, operation: operation, cause: "\(left) processes don't end within 10 s")
      }
      try await pause(operation)
    }
    let groups = try await offload { () throws(CloudError) in all.flatMap { $0.groups() } }
    try await host.programs.script(
      operation,
      """
      for group in \(groups.map(\.string.shellWord).joined(separator: " ")); do
        for try in 1 2 3 4 5 6 7 8 9 10; do
          [ -d "$group" ] || break
          find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
        done
      done
      ip link delete \(machine.link) 2>/dev/null || true
      """)
  }

  func remove(_ directories: [FilePath]) async throws(CloudError) {
    if directories.isEmpty { return }
    let output = try await host.programs.run(
      "rm", ["-rf", "--one-file-system", "--"] + directories.map(\.string))
    guard output.status == 0 else {
      throw CloudError(.failed, operation: "remove \(directories[0])", cause: output.error.trimmed)
    }
  }

  /// The record of a machine that isn't being deleted.
  func standing(_ machine: MachineFiles, _ operation: String) async throws(CloudError) -> MachineRecord {
    try await offload { () throws(CloudError) in
      guard !DiskFile.exists(machine.deleting), let record = try machine.record() else {
        throw CloudError(.notFound, operation: operation, cause: "machine `\(machine.id)` was deleted meanwhile")
      }
      return record
    }
  }

  /// Does something while nobody else who asks for this lock does. A machine's lock is taken before the root's.
  func locked<Success>(
    _ path: FilePath, _ operation: String, _ body: () async throws(CloudError) -> Success
  ) async throws(CloudError) -> Success {
    // Longer than a build of an image may take, which happens under a machine's lock.
    for _ in 0..<200_000 {
      guard let lock = try FileLock.attempt(path) else {
        try await pause(operation)
        continue
      }
      let result: Result<Success, CloudError>
      do throws(CloudError) {
        result = .success(try await body())
      } catch {
        result = .failure(error)
      }
      lock.release()
      return try result.get()
    }
    throw CloudError(.failed, operation: operation, cause: "another stackmake holds \(path)")
  }

  func pause(_ operation: String) async throws(CloudError) {
    do {
      try await host.settings.clock.sleep(for: .milliseconds(10))
    } catch {
      throw CloudError(.interrupted, operation: operation, cause: "interrupted", hint: "a later run goes on")
    }
  }
}

import FoundationEssentials
import Glibc
import Support
import SystemPackage
import Targets
import Testing

@testable import Targets

/// With real machines, in a root and on a bridge of their own.
@Suite(
  .serialized, .enabled(if: LocalCloudLab.isPossible, "needs root, systemd-nspawn and mmdebstrap"),
  .timeLimit(.minutes(10)))
struct LocalCloudTests {
  @Test func resolvesNames() async throws {
    try await LocalCloudLab.run { lab in
      try await CloudContract(lab.cloud, cluster: "t1", image: "debian-12", flavor: "m1.tiny").resolvesNames()
    }
  }

  @Test func livesAndDies() async throws {
    try await LocalCloudLab.run { lab in
      try await CloudContract(lab.cloud, cluster: "t1", image: "debian-12", flavor: "m1.tiny").livesAndDies()
    }
  }

  @Test func makesSnapshots() async throws {
    try await LocalCloudLab.run { lab in
      try await CloudContract(lab.cloud, cluster: "t1", image: "debian-12", flavor: "m1.tiny").makesSnapshots()
    }
  }

  /// What is written in one of them is in none of the others, and each goes on without the others.
  @Test func snapshotsAndMachinesHaveTheirFilesInCommon() async throws {
    try await LocalCloudLab.run { lab in
      func snapshot(_ machine: Machine, _ set: String) async throws -> Snapshot {
        // A half booted machine doesn't take what it is told.
        try await lab.ssh(machine, "cloud-init status --wait >/dev/null; sync")
        try await lab.cloud.stop(machine.id)
        let tag = SnapshotTag(cluster: "t1", server: machine.tag.server, set: set)
        let made = try await lab.cloud.makeSnapshot(of: machine.id, tag)
        _ = try await lab.cloud.start(machine.id)
        return made
      }
      func rebuilt(_ machine: Machine, _ generation: Int, from snapshot: Snapshot) async throws -> Machine {
        var spec = try await lab.contract.spec("a", generation: generation, userData: lab.userData("a"))
        spec.snapshot = SnapshotSource(imageID: snapshot.id, addresses: machine.addresses)
        return try await lab.contract.booted(try await lab.cloud.rebuild(machine.id, spec).id).0
      }
      let show = """
        cat one; ls two here 2>&1; ls /usr/share/bash-completion 2>&1; stat -c '%a %U' / /etc; cat /etc/hostname
        sudo sha256sum /etc/ssh/ssh_host_ed25519_key.pub | cut -c1-16
        """
      let machine = try await lab.boot(["a"])[0]
      try await lab.ssh(machine, "echo first > one; touch two; sudo rm -r /usr/share/bash-completion")
      let before = try await lab.ssh(machine, show)
      let first = try await snapshot(machine, "000000000001")
      #expect(try await lab.ssh(machine, show) == before)
      try await lab.ssh(machine, "echo more >> one; rm two; touch here")

      let second = try await rebuilt(machine, 2, from: first)
      let restored = try await lab.ssh(second, show)
      #expect(restored.split(separator: "\n").dropLast() == before.split(separator: "\n").dropLast())
      #expect(restored != before, "a host key of its own")
      let one = lab.files.machine(machine.id).generation(2).directory.appending("lower/001/home/stack/one")
      var status = stat()
      #expect(stat(one.string, &status) == 0 && status.st_nlink == 2, "linked, not copied")

      // A layer over a layer: changed, removed, and a directory in the place of one that was removed.
      try await lab.ssh(
        second,
        "echo second >> one; rm two; sudo mkdir /usr/share/bash-completion; sudo touch /usr/share/bash-completion/new")
      let changed = try await lab.ssh(second, show)
      let next = try await snapshot(second, "000000000002")
      try await lab.cloud.delete(first.resource)
      #expect(try await lab.ssh(second, show) == changed)
      #expect(changed.hasPrefix("first\nsecond\n") && changed.contains("\nnew\n"))
      let third = try await rebuilt(second, 3, from: next)
      #expect(
        try await lab.ssh(third, show).split(separator: "\n").dropLast() == changed.split(separator: "\n").dropLast())
      #expect(Set([before, restored, changed].map { $0.suffix(17) }).count == 2, "two machines so far, two host keys")
      #expect(try await !changed.hasSuffix(lab.ssh(third, show).suffix(17)), "and a third")

      // It is gone, and what was made from it starts again.
      try await lab.cloud.delete(next.resource)
      try await lab.ssh(third, "echo third >> one; sync")
      try await lab.cloud.stop(third.id)
      _ = try await lab.cloud.start(third.id)
      #expect(try await lab.ssh(third, "cat one") == "first\nsecond\nthird\n")
    }
  }

  @Test func machinesAreReachedAndReachOut() async throws {
    try await LocalCloudLab.run { lab in
      let clock = ContinuousClock()
      let start = clock.now
      let machines = try await lab.boot(["a", "b", "c"])
      #expect(clock.now - start < .seconds(300))
      let a = machines[0]
      let said = try await lab.ssh(
        a,
        """
        cloud-init status --wait
        hostname; id -un; sudo -n id -un
        getent hosts a | grep -c 127.0.1.1
        ping -c 1 -W 2 \(machines[1].addresses[0]) >/dev/null && echo neighbour
        sudo apt-get -q update 2>&1 | grep -c '^[WE]:' || true
        systemctl is-system-running --wait
        cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max 2>/dev/null || true
        """)
      let lines = said.split(separator: "\n").map(String.init)
      #expect(lines.contains("status: done"))
      let rest = lines.suffix(from: lines.firstIndex { $0.contains("status: done") } ?? 0).dropFirst()
      #expect(Array(rest.prefix(7)) == ["a", "stack", "root", "1", "neighbour", "0", "running"])

      let spec = try await lab.contract.spec("a", generation: 2, userData: lab.userData("a"))
      let boot = try await lab.ssh(a, "cat /proc/sys/kernel/random/boot_id; touch here")
      _ = try await lab.cloud.rebuild(a.id, spec)
      let (rebuilt, _) = try await lab.contract.booted(a.id)
      #expect(rebuilt.addresses == a.addresses)
      let after = try await lab.ssh(rebuilt, "cat /proc/sys/kernel/random/boot_id; ls here 2>/dev/null || true")
      #expect(after != boot)
      #expect(!after.contains("here"))

      let deleting = clock.now
      try await lab.cloud.delete(a.id, wait: true)
      #expect(clock.now - deleting < .seconds(60))
    }
  }

  @Test func aRebootKeepsDiskAndAddress() async throws {
    try await LocalCloudLab.run { lab in
      let machine = try await lab.boot(["a"])[0]
      let before = try await lab.ssh(
        machine, "cloud-init status --wait >/dev/null; touch kept; cat /proc/sys/kernel/random/boot_id")
      _ = try? await lab.ssh(machine, "sudo systemctl reboot", retry: false)
      let after = try await lab.until("rebooted") {
        let now = try? await lab.ssh(machine, "ls kept; cat /proc/sys/kernel/random/boot_id", retry: false)
        return now.flatMap { $0.contains("kept") && !$0.contains(before) ? $0 : nil }
      }
      #expect(after.contains("kept"))
    }
  }

  @Test func aMachineWhoseSupervisorWasKilledIsStoppedAndStartsAgain() async throws {
    try await LocalCloudLab.run { lab in
      let machine = try await lab.boot(["a"])[0]
      try await lab.ssh(machine, "touch kept; sync")
      let generation = lab.files.machine(machine.id).generation(1)
      try #require(generation.supervisor()).kill()
      _ = try await lab.until("stopped") {
        try await lab.cloud.machines(ofCluster: "t1").first?.status == .stopped ? true : nil
      }
      _ = try await lab.cloud.create(try await lab.contract.spec("a", userData: lab.userData("a")))
      let (again, _) = try await lab.contract.booted(machine.id)
      #expect(try await lab.ssh(again, "ls kept").contains("kept"))
    }
  }

  @Test func powerOffFromInsideIsStopped() async throws {
    try await LocalCloudLab.run { lab in
      let machine = try await lab.boot(["a"])[0]
      // Asked for during boot, systemd may refuse.
      do {
        try await lab.ssh(machine, "cloud-init status --wait; sudo systemctl poweroff", retry: false)
      } catch let error as CloudError {
        // The connection may go before the answer comes.
        #expect(error.cause.hasPrefix("255") && !error.cause.contains("refused"))
      }
      _ = try await lab.until("stopped") {
        try await lab.cloud.machines(ofCluster: "t1").first?.status == .stopped ? true : nil
      }
      #expect(lab.files.machine(machine.id).generation(1).state() == "exited 0")
    }
  }

  @Test func aMachineHasTheAddressesAndFilesThatItIsGivenAndStopsAndStarts() async throws {
    try await LocalCloudLab.run { lab in
      var settings = lab.settings
      settings.subnet = "10.62.248.0/22"
      let cloud = LocalCloud(settings)
      let spec = try await lab.contract.spec("a", userData: lab.userData("a"))
      let file = LocalExtras.File(path: "etc/given", text: "given\n", mode: 0o644)
      let made = try await cloud.create(
        spec, LocalExtras(address: "10.62.248.77", moreAddresses: ["10.62.250.7"], files: [file]))
      #expect(made.addresses == ["10.62.248.77", "10.62.250.7"])
      let (machine, _) = try await lab.contract.booted(made.id)
      #expect(try await lab.ssh(machine, "cat /etc/given; ip -4 address show eth0").contains("10.62.250.7/22"))
      try await lab.ssh(machine, "cat /etc/given; touch kept; sync")

      try await cloud.stop(made.id)
      #expect(try await cloud.machines(ofCluster: "t1").map(\.status) == [.stopped])
      _ = try await cloud.start(made.id)
      let (again, _) = try await lab.contract.booted(made.id)
      #expect(again.addresses == made.addresses)
      #expect(try await lab.ssh(again, "ls kept").contains("kept"))

      let other = try await lab.contract.spec("b", userData: "")
      let error = await #expect(throws: CloudError.self) {
        _ = try await cloud.create(other, LocalExtras(address: "10.62.250.7"))
      }
      #expect(error?.cause == "another machine has the address 10.62.250.7")
    }
  }

  /// As after a kill at any of the instants of `create`.
  @Test(arguments: ["record", "half disk", "whole disk"]) func aHalfMadeMachineIsListedAndCompleted(_ instant: String)
    async throws
  {
    try await LocalCloudLab.run { lab in
      let spec = try await lab.contract.spec("a", userData: lab.userData("a"))
      let runner = MachineRunner(host: LocalHost(lab.settings), files: lab.files)
      let address = try #require(try await runner.network("test").freeAddress([]))
      let record = MachineRecord(spec, id: "abcd1234", address: address, createdAt: 0)
      try DiskFile.makeDirectory(lab.files.machines)
      try lab.files.enter(record)
      let generation = lab.files.machine("abcd1234").generation(1)
      if instant != "record" { try DiskFile.makeDirectory(generation.upper.appending("etc")) }
      if instant == "whole disk" {
        let known = try await LocalHost(lab.settings).ready()
        try MachineSeed(record: record, surroundings: known.surroundings, mirrors: known.mirrors)
          .write(generation, over: try #require(BaseImage(lab.files.root)), script: "exit 1")
      }
      #expect(try await lab.cloud.machines(ofCluster: "t1").map(\.status) == [.incomplete])
      let made = try await lab.cloud.create(spec)
      #expect(made.id == "abcd1234")
      let (_, keys) = try await lab.contract.booted(made.id)
      #expect(Set(keys.map(\.type)) == ["ssh-ed25519", "ecdsa-sha2-nistp256"])
    }
  }

  @Test func aDeletionThatWasCutOffIsListedAndEnds() async throws {
    try await LocalCloudLab.run { lab in
      let machine = try await lab.boot(["a"])[0]
      try DiskFile.write("", to: lab.files.machine(machine.id).deleting)
      #expect(try await lab.cloud.machines(ofCluster: "t1").map(\.status) == [.deleting])
      try await lab.cloud.delete(machine.id, wait: true)
    }
  }

  @Test func aMachineThatCanNotBootSaysWhy() async throws {
    try await LocalCloudLab.run { lab in
      var settings = lab.settings
      settings.imageCache = lab.files.root.appending("broken")
      let cloud = LocalCloud(settings)
      let spec = try await lab.contract.spec("a")
      // A base in which there is no system.
      let known = try await LocalHost(settings).ready()
      let recipe = try #require(LocalCatalog(mirrors: known.mirrors).recipe("debian-12"))
      let place = ImagePlace(cache: settings.imageCache, recipe: recipe, surroundings: known.surroundings)
      try DiskFile.makeDirectory(place.base.appending("etc"))
      let machine = try await cloud.create(spec)
      let text = try await lab.until("error") { () -> String? in
        guard case .error(let text) = try await cloud.machines(ofCluster: "t1").first?.status else { return nil }
        return text
      }
      #expect(text.hasPrefix("systemd-nspawn ended with status 1"))
      #expect(text.contains("\n"))
      try await cloud.delete(machine.id, wait: true)
    }
  }

  @Test func theQuotaIsKept() async throws {
    try await LocalCloudLab.run { lab in
      var settings = lab.settings
      settings.maximumMachines = 1
      let cloud = LocalCloud(settings)
      let one = try await cloud.create(try await lab.contract.spec("a"))
      let wants = ["a", "b"].map { MachineWant(name: $0, image: "debian-12", flavor: "m1.tiny") }
      #expect(try await cloud.resolve([wants[0]], missing: []).problems.isEmpty)
      #expect(try await cloud.resolve(wants, missing: ["b"]).problems.map(\.setting) == ["quota"])
      let spec = try await lab.contract.spec("b")
      let error = await #expect(throws: CloudError.self) { _ = try await cloud.create(spec) }
      #expect(error?.code == .quota)
      try await cloud.delete(one.id, wait: true)
    }
  }
}

/// A root of its own, and the assertion that nothing of it is left.
struct LocalCloudLab {
  let settings: LocalSettings
  let cloud: LocalCloud
  let files: RootFiles
  let contract: CloudContract
  let key: FilePath
  let publicKey: String
  let programs: HostPrograms

  static var isPossible: Bool {
    geteuid() == 0 && ["/usr/bin/systemd-nspawn", "/usr/bin/mmdebstrap"].allSatisfy { DiskFile.exists(FilePath($0)) }
  }

  static func run(_ body: @concurrent @Sendable (LocalCloudLab) async throws -> Void) async throws {
    let template = strdup("/var/tmp/stackmake-test.XXXXXX")!
    defer { free(template) }
    let root = FilePath(String(cString: try #require(mkdtemp(template))))
    let environment = ProcessInfo.processInfo.environment
    let settings = LocalSettings(
      root: root, imageCache: "/var/lib/stackmake/images", environment: environment, userID: geteuid(),
      now: { Date().timeIntervalSince1970 }, progress: { print("local cloud: \($0)") })
    let programs = HostPrograms(environment: environment)
    let key = root.appending("key")
    _ = try await programs.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key.string])
    let cloud = LocalCloud(settings)
    let lab = LocalCloudLab(
      settings: settings, cloud: cloud, files: RootFiles(root: root),
      contract: CloudContract(cloud, cluster: "t1", image: "debian-12", flavor: "m1.tiny"), key: key,
      publicKey: try #require(try DiskFile.text(FilePath("\(key).pub"))).trimmed, programs: programs)
    let result: Result<Void, any Error>
    do { result = .success(try await body(lab)) } catch { result = .failure(error) }
    for machine in try await cloud.machines(ofCluster: "t1") { try await cloud.delete(machine.id, wait: true) }
    try await lab.expectNothingLeft()
    _ = try await programs.run("rm", ["-rf", root.string])
    try result.get()
  }

  /// Looks through all that a machine is made of on the host.
  func expectNothingLeft() async throws {
    let found = try await programs.run(
      "bash", ["-s"],
      input: """
        grep -l '\(files.root)' /proc/[0-9]*/mountinfo 2>/dev/null | sed 's/^/mount /'
        ip -o link | grep -E 'smbr\(files.mark)|smv' | grep -f <(echo 'smbr\(files.mark)')
        find /sys/fs/cgroup -type d -name 'stackmake-\(files.mark)-*'
        nft list tables | grep 'stackmake_\(files.mark)'
        for p in /proc/[0-9]*; do
          tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -F '\(files.root)' | grep -vF 'grep'
        done
        ip route show table all type unreachable | grep -F "$(echo '\(files.mark)')"
        ls -A \(files.machines) \(files.trash) 2>/dev/null | grep -v ':$' | grep .
        """)
    #expect(found.text == "")
    #expect(!DiskFile.exists(files.network))
  }

  func userData(_ name: String) -> String {
    UserData.text(user: "stack", hostname: name, authorizedKeys: [publicKey])
  }

  /// Machines that a command has run on over ssh.
  func boot(_ names: [String]) async throws -> [Machine] {
    try await withThrowingTaskGroup(of: Machine.self) { group in
      for name in names {
        group.addTask {
          let made = try await cloud.create(try await contract.spec(name, userData: userData(name)))
          let (machine, _) = try await contract.booted(made.id)
          try await ssh(machine, "true")
          return machine
        }
      }
      return try await group.reduce(into: [Machine]()) { $0.append($1) }.sorted { $0.name < $1.name }
    }
  }

  @discardableResult
  func ssh(_ machine: Machine, _ script: String, retry: Bool = true) async throws -> String {
    // Of the same disk: one that is started again may show none.
    let known = files.root.appending("known-\(machine.id)-\(machine.tag.generation)")
    if let keys = try await cloud.hostKeys(machine.id) {
      try DiskFile.write(keys.map { "\(machine.addresses[0]) \($0.type) \($0.base64)\n" }.joined(), to: known)
    } else if !DiskFile.exists(known) {
      throw CloudError(.failed, operation: "ssh", cause: "it hasn't shown its host keys")
    }
    return try await until("ssh to \(machine.name)", limit: retry ? .seconds(30) : .zero) {
      let output = try await programs.run(
        "ssh",
        [
          "-i", key.string, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
          "UserKnownHostsFile=\(known)", "-o", "ConnectTimeout=5", "-F", "none", "stack@\(machine.addresses[0])",
          "bash", "-s",
        ], input: script)
      if output.status == 255, retry { return nil }
      guard output.status == 0 else {
        throw CloudError(.failed, operation: "ssh", cause: "\(output.status): \(output.text) \(output.error)")
      }
      return output.text
    }
  }

  private func consoleEnd(_ machine: Machine) -> String {
    let generation = files.machine(machine.id).generation(machine.tag.generation)
    return "\(generation.state()) \((try? generation.consoleText())?.suffix(2000) ?? "")"
  }

  /// Asks until there is an answer.
  func until<R>(_ what: String, limit: Duration = .seconds(30), _ body: () async throws -> R?) async throws -> R {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
      if let found = try await body() { return found }
      guard clock.now < end else {
        let console = try await cloud.machines(ofCluster: "t1").first.map { "\($0.status) \(consoleEnd($0))" } ?? ""
        throw CloudError(.failed, operation: what, cause: "not within \(limit): \(console)")
      }
      try await clock.sleep(for: .milliseconds(100))
    }
  }
}

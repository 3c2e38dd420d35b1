import Foundation
import Testing

extension AcceptanceTests {
  /// What a change of the layout, a recipe, a file or the world makes stale, and what it leaves alone.
  @Suite(.serialized, .onCluster, .timeLimit(.minutes(5)))
  struct ChangeTests {
    let cluster: TestCluster

    init() throws {
      cluster = try #require(TestCluster.current)
    }

    private func stackfile(
      count: Int = 1, flavor: String = "m1.tiny", image: String = "debian-12", extra: String = ""
    ) -> String {
      """
      \(cluster.cloud.settings)

      layout:
          controller
          compute  count=\(count) flavor=\(flavor) image=\(image)

      server/%:
          echo server >> marker

      stacked/%:
          once echo once >> counter
          echo stacked >> marker

      configured/%: stacked/%
          put hello.txt hello.txt
          echo configured >> marker

      \(extra)
      """
    }

    /// Brings everything to where a test begins, with `count` computes.
    private func standing(_ count: Int) async throws {
      try cluster.write("hello.txt", "hello\n")
      try cluster.write("Stackfile", stackfile(count: count))
      let run = try await cluster.stackmake()
      try #require(run.status == 0, "\(run)")
    }

    /// All that shows whether anything was done on a server.
    private struct Trail: Hashable {
      var machine: TestMachine
      var supervisor: String
      var marker: String
      var counter: String
    }

    private func trail(_ server: String) async throws -> Trail {
      let machine = try await cluster.machine(server)
      return Trail(
        machine: machine, supervisor: machine.supervisor, marker: machine.home("marker"),
        counter: machine.home("counter"))
    }

    private func bootID(_ server: String) async throws -> String {
      let end = try await cluster.stackmake("ssh", server, "--", "cat", "/proc/sys/kernel/random/boot_id")
      try #require(end.status == 0 && !end.output.isEmpty, "\(end)")
      return end.output
    }

    @Test func growingTouchesNothingThatStands() async throws {
      try await standing(1)
      let boots = [try await bootID("controller"), try await bootID("compute-1")]
      let before = [try await trail("controller"), try await trail("compute-1")]
      try cluster.write("Stackfile", stackfile(count: 2))
      let new: Set = ["image-validated", "layout", "server/compute-2", "stacked/compute-2", "configured/compute-2"]
      #expect(try await cluster.stackmake("-n").targets == new)
      // With each command and request: there is none of another server.
      let run = try await cluster.stackmake("-v")
      #expect(run.status == 0, "\(run)")
      let active = run.lines.filter { !$0.hasSuffix(": up to date") }.compactMap { line -> String? in
        line.hasPrefix("stackmake: ") ? nil : String(line.prefix { $0 != ":" })
      }
      #expect(Set(active) == new, "\(run)")
      #expect(run.lines.contains { $0.contains("+ compute-2: ") }, "\(run)")
      #expect(!run.lines.contains { $0.contains("+ controller: ") || $0.contains("+ compute-1: ") }, "\(run)")
      #expect([try await trail("controller"), try await trail("compute-1")] == before)
      #expect([try await bootID("controller"), try await bootID("compute-1")] == boots)
      #expect(try await trail("compute-2").marker == "server\nstacked\nconfigured\n")
    }

    @Test func aChangedLineMakesItsTargetsStale() async throws {
      try await standing(2)
      let others = [try await trail("controller"), try await trail("compute-1")]
      let once = try await trail("compute-2").counter
      try cluster.write("Stackfile", stackfile(count: 2, extra: "stacked/compute-2 +:\n    echo more >> marker\n"))
      let plan = try await cluster.stackmake("-n")
      #expect(plan.status == 0)
      #expect(
        plan.output == """
          stacked/compute-2: step 3 was added: `echo more >> marker`
              3: [compute-2] echo more >> marker
          stackmake: 1 target of 11 would be built

          """)
      #expect(try await cluster.stackmake("-q").status == 1)
      #expect(try await cluster.stackmake("-q", "stacked/compute-2").status == 1)
      for goal in ["stacked/compute-1", "server/compute-2", "configured/compute-1", "configured/compute-2"] {
        #expect(try await cluster.stackmake("-q", goal).status == (goal == "configured/compute-2" ? 1 : 0), "\(goal)")
      }
      let run = try await cluster.stackmake()
      #expect(run.status == 0 && run.targets == ["stacked/compute-2"], "\(run)")
      #expect(try await trail("compute-2").marker.hasSuffix("more\n"))
      #expect(try await trail("compute-2").counter == once)
      #expect([try await trail("controller"), try await trail("compute-1")] == others)
    }

    @Test func aChangedFileIsPutAgain() async throws {
      try await standing(2)
      try cluster.write("hello.txt", "changed\n")
      let configured: Set = ["configured/controller", "configured/compute-1", "configured/compute-2"]
      let plan = try await cluster.stackmake("-n")
      #expect(plan.targets == configured)
      #expect(plan.output.contains("configured/compute-1: file `hello.txt` changed (sha256 "))
      let run = try await cluster.stackmake()
      #expect(run.status == 0 && run.targets == configured, "\(run)")
      #expect(try await cluster.machine("compute-1").home("hello.txt") == "changed\n")
    }

    @Test(arguments: [
      ("flavor", "m1.tiny", "m1.small"), ("image", "debian-12", "debian-13"), ("user", "stack", "admin"),
    ])
    func aSettingThatAStandingServerCantBeGivenLocksIt(setting: String, old: String, new: String) async throws {
      try await standing(2)
      let before = [try await trail("compute-1"), try await trail("compute-2")]
      let extra = "configured/controller +:\n    echo \(setting) >> marker\n"
      let text =
        switch setting {
        case "flavor": stackfile(count: 2, flavor: new, extra: extra)
        case "image": stackfile(count: 2, image: new, extra: extra)
        default: stackfile(count: 2, image: "debian-12 \(setting)=\(new)", extra: extra)
        }
      try cluster.write("Stackfile", text)
      let plan = try await cluster.stackmake("-n")
      #expect(plan.status == 4, "\(plan)")
      let run = try await cluster.stackmake()
      #expect(run.status == 4, "\(run)")
      for server in ["compute-1", "compute-2"] {
        #expect(
          run.said(by: "server/\(server)") == [
            "locked: build: server/\(server): a standing server can't be given another \(setting)",
            "  because setting `\(setting)` changed (\(old) -> \(new))",
            "  hint: `stackmake clean server/\(server)` deletes it, and the next build makes it anew",
          ], "\(run)")
        #expect(run.said(by: "configured/\(server)") == ["skipped: it depends on `server/\(server)`"], "\(run)")
      }
      #expect(try await cluster.machine("controller").home("marker").hasSuffix("\(setting)\n"))
      #expect([try await trail("compute-1"), try await trail("compute-2")] == before)
    }

    @Test func aServerDeletedBehindItsBackIsMadeAgain() async throws {
      try await standing(2)
      let before = [try await trail("controller"), try await trail("compute-2")]
      let lost = try await cluster.machine("compute-1")
      try await cluster.cloud.delete(lost)
      let plan = try await cluster.stackmake("-n")
      #expect(plan.output.contains("server/compute-1: server is deleted, and was \(lost.id)\n"), "\(plan)")
      #expect(plan.targets == ["server/compute-1", "stacked/compute-1", "configured/compute-1"])
      let run = try await cluster.stackmake()
      #expect(run.status == 0, "\(run)")
      #expect(run.targets == ["server/compute-1", "stacked/compute-1", "configured/compute-1"])
      #expect(try await trail("compute-1").marker == "server\nstacked\nconfigured\n")
      #expect(try await trail("compute-1").counter == "once\n")
      #expect(try await cluster.machine("compute-1").generation == lost.generation + 1)
      #expect([try await trail("controller"), try await trail("compute-2")] == before)
    }

    @Test func shrinkingLeavesTheExtraServerToPrune() async throws {
      try await standing(2)
      let before = [try await trail("controller"), try await trail("compute-1")]
      try cluster.write("Stackfile", stackfile(count: 1))
      let run = try await cluster.stackmake()
      #expect(run.status == 0 && run.targets == ["image-validated", "layout"], "\(run)")
      #expect(try await Set(cluster.machines.keys) == ["controller", "compute-1", "compute-2"])
      let plan = try await cluster.stackmake("prune", "-n")
      #expect(plan.status == 0 && plan.output.hasPrefix("delete server "), "\(plan)")
      #expect(try await cluster.machines.count == 3)
      let prune = try await cluster.stackmake("prune", "--yes")
      #expect(prune.status == 0, "\(prune)")
      #expect(prune.lines.last?.hasPrefix("stackmake: 1 server deleted, ") == true, "\(prune)")
      #expect(try await Set(cluster.machines.keys) == ["controller", "compute-1"])
      #expect([try await trail("controller"), try await trail("compute-1")] == before)
      #expect(try await cluster.stackmake("-q").status == 0)
      // It comes back as a new one.
      try await standing(2)
      #expect(try await trail("compute-2").marker == "server\nstacked\nconfigured\n")
      #expect(try await trail("compute-2").counter == "once\n")
    }

    @Test func aReplacedHostKeyIsRefused() async throws {
      try await standing(1)
      let before = try await cluster.stackmake("-n").output
      #expect(before.hasSuffix("up to date, nothing to do\n"))
      let changed = try await cluster.stackmake(
        "ssh", "compute-1", "--",
        """
        sudo sh -c 'rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null; systemctl restart ssh'
        for key in /etc/ssh/ssh_host_*.pub; do ssh-keygen -lf $key; done
        """)
      try #require(changed.status == 0, "\(changed)")
      let new = Self.fingerprints(changed.output)
      try #require(!new.isEmpty)
      let start = ContinuousClock.now
      let run = try await cluster.stackmake("-B", "configured/compute-1")
      #expect(run.status == 3, "\(run)")
      #expect(ContinuousClock.now - start < .seconds(60))
      #expect(
        run.error.contains("check the host key of \(try await cluster.machine("compute-1").address): it shows "),
        "\(run)")
      // The one that it shows now, and those that were pinned.
      let said = Self.fingerprints(run.error)
      #expect(said.intersection(new).count == 1, "\(run)")
      #expect(said.subtracting(new).count >= 1, "\(run)")
      let ssh = try await cluster.stackmake("ssh", "compute-1", "--", "true")
      #expect(ssh.status == 255, "\(ssh)")
    }

    private static func fingerprints(_ text: String) -> Set<Substring> {
      Set(text.split { !($0.isLetter || $0.isNumber || "+/:".contains($0)) }.filter { $0.hasPrefix("SHA256:") })
    }
  }
}

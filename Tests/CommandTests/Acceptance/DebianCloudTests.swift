import Foundation
import Testing

extension AcceptanceTests {
  /// The pack `<openstack-debian>`: an OpenStack of several machines and two cells is built, proven, grown, shrunk and
  /// repaired, one machine at a time. What is true of it, nova says itself.
  @Suite(
    .serialized, .onCluster, .timeLimit(.minutes(30)),
    .enabled(if: ProcessInfo.processInfo.environment["STACKMAKE_TEST_PACKS"] != nil, "`make test-packs`: half an hour"))
  struct DebianCloudTests {
    let cluster: TestCluster

    init() throws { cluster = try #require(TestCluster.current) }

    private static let onceStep = ": once sudo mysql < databases.sql"

    private func write(computes: Int, more: String = "") throws {
      try cluster.write(
        "Stackfile",
        """
        \(cluster.cloud.settings)
        cells = 2
        include <openstack-debian>
        layout:
            controller  flavor=m1.large
            compute     count=\(computes)  flavor=m1.small
        ssh-mesh:
        overlay-net:
        \(more)

        """)
    }

    /// Nova's own answer: each compute's cell, state and status.
    private func hosts() async throws -> [String] {
      let mapped = try await cluster.on(
        "controller", "sudo nova-manage cell_v2 list_hosts | awk '/compute-/ { print $6, $2 }'")
      return mapped.output.split(separator: "\n").map(String.init).sorted()
    }

    private func services() async throws -> [String] {
      let list = try await cluster.on(
        "controller", "openstack --os-cloud admin compute service list --service nova-compute -f value -c Host -c State"
      )
      return list.output.split(separator: "\n").map(String.init).sorted()
    }

    /// When each machine was booted: it is the same machine, and nobody booted it again.
    private func boots() async throws -> [String: String] {
      var result: [String: String] = [:]
      for (name, machine) in try await cluster.machines { result[name] = "\(machine.id) \(machine.generation)" }
      return result
    }

    /// Packages are unpacked, and services begin: that takes minutes.
    private func build(_ words: String...) async throws -> RunningProgram.End {
      try await cluster.start(words).wait(.seconds(1500))
    }

    /// In mid stacking, while the tables are being made, stackmake is killed; the next run loses its connections there.
    @Test func isCutOffTwice() async throws {
      try write(computes: 2)
      let killed = try cluster.start()
      defer { killed.kill() }
      let isStacking = await isSo(within: .seconds(900)) {
        killed.errorSoFar.contains(": sudo ./tables") || !killed.isRunning
      }
      try #require(isStacking && killed.isRunning, "\(killed.errorSoFar)")
      killed.kill()
      #expect(try await killed.wait().status == 128 + SIGKILL)
      let before = try await boots()

      let cut = try cluster.start()
      defer { cut.kill() }
      let isThere = await isSo(within: .seconds(300)) { cut.errorSoFar.contains(": sudo ./tables") || !cut.isRunning }
      try #require(isThere && cut.isRunning, "\(cut.errorSoFar)")
      let controller = try #require(try await cluster.machine("controller").machine)
      // The connection is made for this step.
      let isConnected = await isSo(within: .seconds(60)) {
        !controller.processes { $0.hasPrefix("sshd: stack") }.isEmpty
      }
      try #require(isConnected)
      for pid in controller.processes({ $0.hasPrefix("sshd: stack") }) { _ = kill(pid, SIGKILL) }
      let end = try await cut.wait(.seconds(900))
      #expect(end.status == 0 || end.status == 3, "\(end)")
      #expect(try await boots() == before)
      // What runs once ran once: its step is not begun again.
      #expect(killed.errorSoFar.contains(Self.onceStep))
      #expect(!end.error.contains(Self.onceStep), "\(end)")
    }

    @Test func isBuiltAndProven() async throws {
      try write(computes: 2)
      let isFirst = try await boots().isEmpty
      let run = try await build()
      #expect(run.status == 0, "\(run)")
      #expect(run.error.contains(Self.onceStep) == isFirst, "\(run)")
      let proof = try await cluster.stackmake("log", "cells-verified")
      #expect(proof.output.contains("verified: 2 hypervisors in 2 cells"), "\(proof)")
      #expect(try await hosts() == ["compute-1 cell1", "compute-2 cell2"])
      #expect(try await services() == ["compute-1 up", "compute-2 up"])
      let left = try await cluster.on(
        "controller", "openstack --os-cloud admin server list --all-projects -f value -c Name")
      #expect(left.output == "", "the probes are removed: \(left)")
      let again = try await build()
      #expect(again.status == 0, "\(again)")
      #expect(again.error.contains("are up to date"), "\(again)")
    }

    @Test func itIsReachedAsItSays() async throws {
      let clouds = try await cluster.stackmake("access", "--format", "clouds.yaml")
      try #require(clouds.status == 0, "\(clouds)")
      let there = try await cluster.on(
        "controller",
        "mkdir -p entry && cat > entry/clouds.yaml <<'END'\n\(clouds.output)END\n"
          + "cd entry && openstack --os-cloud $(sed -n '2s/[ \":]//gp' clouds.yaml) token issue -f value -c user_id | wc -l"
      )
      #expect(there.output == "1\n", "\(there)")
    }

    @Test func aComputeThatIsDeadIsNamed() async throws {
      #expect(try await cluster.on("compute-2", "sudo systemctl stop nova-compute").status == 0)
      let run = try await build("-B", "cells-verified")
      #expect(run.status == 3, "\(run)")
      #expect(run.error.contains("error: compute-2: "), "\(run)")
      #expect(!run.error.contains("error: compute-1: "), "\(run)")
      #expect(try await cluster.on("compute-2", "sudo systemctl start nova-compute").status == 0)
      let good = try await build("cells-verified")
      #expect(good.status == 0, "\(good)")
    }

    @Test func aHostInTheWrongCellIsShown() async throws {
      // As if the Stackfile had said another cell: the machine stands in its old one.
      let moved = try await cluster.on("controller", "cp cells/compute-2 kept && echo 1 > cells/compute-2")
      #expect(moved.status == 0)
      let run = try await build("-B", "cells-verified")
      #expect(run.status == 3, "\(run)")
      #expect(run.error.contains("error: compute-2 is in cell2, expected cell1"), "\(run)")
      let log = try await cluster.stackmake("log", "cells-verified")
      #expect(log.output.contains("-compute-2 cell1") && log.output.contains("+compute-2 cell2"), "\(log)")
      #expect(try await cluster.on("controller", "mv kept cells/compute-2").status == 0)
    }

    @Test func oneMoreTouchesNothingElse() async throws {
      let before = try await boots()
      try write(computes: 3)
      let run = try await build()
      #expect(run.status == 0, "\(run)")
      for stays in ["stacked/controller", "stacked/compute-1", "stacked/compute-2"] {
        #expect(!run.error.contains("\(stays): building"), "\(stays): \(run)")
      }
      #expect(try await boots().filter { $0.key != "compute-3" } == before)
      #expect(try await hosts() == ["compute-1 cell1", "compute-2 cell2", "compute-3 cell1"])
    }

    @Test func oneLessIsForgottenByNova() async throws {
      try write(computes: 2)
      let prune = try await build("prune", "--yes")
      #expect(prune.status == 0, "\(prune)")
      #expect(try await hosts() == ["compute-1 cell1", "compute-2 cell2"])
      #expect(try await services() == ["compute-1 up", "compute-2 up"])
      let run = try await build()
      #expect(run.status == 0, "\(run)")
      #expect(!run.error.contains("stacked/compute-1: building"), "\(run)")
    }

    @Test func aComputeIsMadeAnew() async throws {
      let before = try await boots()
      let clean = try await build("clean", "stacked/compute-2")
      #expect(clean.status == 0, "\(clean)")
      let run = try await build()
      #expect(run.status == 0, "\(run)")
      #expect(!run.error.contains("stacked/compute-1: building"), "\(run)")
      let after = try await boots()
      #expect(after["compute-1"] == before["compute-1"] && after["controller"] == before["controller"])
      #expect(after["compute-2"] != before["compute-2"])
      #expect(try await hosts() == ["compute-1 cell1", "compute-2 cell2"])
    }

    /// All three machines at once: what they know of each other is in the images.
    @Test func itComesBackFromASnapshot() async throws {
      let made = try await build("snapshot", "--yes")
      #expect(made.status == 0, "\(made)")
      let clean = try await build("clean", "--yes", "stacked/*")
      #expect(clean.status == 0, "\(clean)")
      let run = try await build()
      #expect(run.status == 0, "\(run)")
      for node in ["controller", "compute-1", "compute-2"] {
        #expect(run.said(by: "stacked/\(node)").contains { $0.hasPrefix("from snapshot ") }, "\(node): \(run)")
      }
      #expect(!run.error.contains(Self.onceStep), "\(run)")
      #expect(run.said(by: "cells-verified").contains { $0.hasPrefix("built in ") }, "\(run)")
      #expect(try await hosts() == ["compute-1 cell1", "compute-2 cell2"])
      #expect(try await services() == ["compute-1 up", "compute-2 up"])
      // What follows is about machines from their own image.
      let deleted = try await build("snapshot", "--delete", "--yes")
      #expect(deleted.lines.last == "stackmake: 3 images deleted", "\(deleted)")
    }

    @Test func aNewControllerLocksItsComputes() async throws {
      let clean = try await build("clean", "stacked/controller")
      #expect(clean.status == 0, "\(clean)")
      let run = try await build()
      #expect(run.status == 4, "\(run)")
      for compute in ["stacked/compute-1", "stacked/compute-2"] {
        #expect(run.error.contains("`stackmake clean \(compute)`"), "\(run)")
      }
      // One command for both.
      #expect(
        run.error.contains(
          "hint: `stackmake clean stacked/compute-1 stacked/compute-2` gives all of them a fresh start"),
        "\(run)")
    }
  }
}

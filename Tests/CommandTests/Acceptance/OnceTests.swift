import Foundation
import Testing

extension AcceptanceTests {
  /// Steps that must run only once on a machine, whatever becomes of the connection and of stackmake.
  @Suite(.serialized, .onCluster, .timeLimit(.minutes(5)))
  struct OnceTests {
    let cluster: TestCluster

    init() throws {
      cluster = try #require(TestCluster.current)
      try cluster.write("Stackfile", stackfile)
    }

    /// Each step counts its runs, and talks for a while.
    private var stackfile: String {
      """
      \(cluster.cloud.settings)
      outcome ?= false

      layout:
          killed
          cut
          dark
          fails

      stacked/%:
          once
              echo once >> counter
              for i in $(seq 1 {{ rounds }}); do echo "line $i of {{ server }}"; sleep 0.25; done
          echo after >> marker

      rounds = 16
      stacked/cut stacked/dark : rounds = 60

      stacked/fails:
          once
              echo once >> counter
              echo "it goes wrong here"
              {{ outcome }}
          echo after >> marker

      configured/fails: stacked/fails
          echo configured >> marker

      """
    }

    private func lines(_ server: String, _ count: Int) -> [String] { (1...count).map { "line \($0) of \(server)" } }

    private func spoken(_ run: RunningProgram.End, _ server: String) -> [String] {
      run.said(by: "stacked/\(server)").filter { $0.hasPrefix("line ") }
    }

    private func hasStarted(_ server: String) async -> Bool {
      guard let machine = try? await cluster.machine(server) else { return false }
      return await isSo { !machine.home("counter").isEmpty }
    }

    @Test func serversStand() async throws {
      let run = try await cluster.stackmake("server/*")
      #expect(run.status == 0, "\(run)")
    }

    @Test func aStepThatOutlivesStackmakeIsAttachedTo() async throws {
      let killed = try cluster.start("stacked/killed")
      defer { killed.kill() }
      try #require(await hasStarted("killed"))
      #expect(await isSo { killed.errorSoFar.contains("line 2 of killed") })
      killed.kill()
      #expect(try await killed.wait().status == 128 + SIGKILL)
      let plan = try await cluster.stackmake("-n", "stacked/killed")
      #expect(plan.status == 0, "\(plan)")
      let run = try await cluster.stackmake("stacked/killed")
      #expect(run.status == 0, "\(run)")
      #expect(run.said(by: "stacked/killed").contains("the step has started before: attaching to it"), "\(run)")
      #expect(spoken(run, "killed") == lines("killed", 16))
      #expect(try await cluster.machine("killed").home("counter") == "once\n")
      #expect(try await cluster.machine("killed").home("marker") == "after\n")
      #expect(try await cluster.stackmake("stacked/killed").lines == ["stackmake: 4 targets are up to date"])
    }

    @Test func aLostConnectionStopsNoStep() async throws {
      let run = try cluster.start("stacked/cut", "stacked/dark")
      defer { run.kill() }
      try #require(await hasStarted("cut"))
      try #require(await hasStarted("dark"))
      #expect(
        await isSo { run.errorSoFar.contains("line 2 of cut") && run.errorSoFar.contains("line 2 of dark") })
      let sessions = try #require(try await cluster.machine("cut").machine).processes { $0.hasPrefix("sshd: stack") }
      try #require(!sessions.isEmpty)
      for pid in sessions { _ = kill(pid, SIGKILL) }
      let link = try #require(try await cluster.machine("dark").machine).link
      #expect(try await TestCluster.host("ip", "link", "set", link, "down").status == 0)
      try await Task.sleep(for: .seconds(10))
      #expect(try await TestCluster.host("ip", "link", "set", link, "up").status == 0)
      let end = try await run.wait()
      #expect(end.status == 0, "\(end)")
      for (server, count) in [("cut", 60), ("dark", 60)] {
        #expect(spoken(end, server) == lines(server, count), "\(end)")
        #expect(try await cluster.machine(server).home("counter") == "once\n")
        #expect(try await cluster.machine(server).home("marker") == "after\n")
      }
    }

    @Test func aFailedStepIsNotRunAgainUntilItIsCleaned() async throws {
      let before = try await cluster.machine("fails")
      let first = try await cluster.stackmake("configured/fails", "stacked/killed", "stacked/cut")
      #expect(first.status == 4, "\(first)")
      #expect(first.said(by: "stacked/fails").contains("it goes wrong here"), "\(first)")
      #expect(first.error.contains("`stackmake clean stacked/fails`"), "\(first)")
      #expect(first.said(by: "configured/fails") == ["skipped: it depends on `stacked/fails`"], "\(first)")
      for arguments in [
        ["configured/fails"], ["-B", "stacked/fails"], ["stacked/fails", "outcome=true"], ["-n", "stacked/fails"],
      ] {
        let again = try await cluster.stackmake(arguments)
        #expect(again.status == 4, "\(arguments): \(again)")
        #expect((again.error + again.output).contains("`stackmake clean stacked/fails`"), "\(again)")
        #expect(try await cluster.machine("fails").home("counter") == "once\n", "\(arguments)")
      }
      let plan = try await cluster.stackmake("clean", "-n", "stacked/fails")
      #expect(plan.output.hasPrefix("rebuild server "), "\(plan)")
      let clean = try await cluster.stackmake("clean", "stacked/fails")
      #expect(clean.status == 0, "\(clean)")
      let after = try await cluster.machine("fails")
      #expect(after.id == before.id)
      #expect(after.address == before.address)
      #expect(after.generation == before.generation + 1)
      // The disk is thrown away a little later than the cloud has said that it will be.
      #expect(await isSo(within: .seconds(120)) { (try? await cluster.machine("fails").home("counter")) == "" })
      let run = try await cluster.stackmake("configured/fails", "outcome=true")
      #expect(run.status == 0, "\(run)")
      #expect(run.targets == ["server/fails", "stacked/fails", "configured/fails"])
      #expect(try await cluster.machine("fails").home("counter") == "once\n")
      #expect(try await cluster.machine("fails").home("marker") == "after\nconfigured\n")
      #expect(try await cluster.machine("fails").generation == before.generation + 1)
    }
  }
}

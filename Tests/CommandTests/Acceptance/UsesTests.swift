import Foundation
import Testing

extension AcceptanceTests {
  /// The four uses, and the options that change how a build goes.
  @Suite(.serialized, .onCluster, .timeLimit(.minutes(5)))
  struct UsesTests {
    let cluster: TestCluster

    init() throws {
      cluster = try #require(TestCluster.current)
      try cluster.write("hello.txt", "hello\n")
      try cluster.write("Stackfile", stackfile)
    }

    private var stackfile: String {
      """
      \(cluster.cloud.settings)
      word ?= configured

      layout:
          controller
          compute  count=2

      server/%:
          echo server >> marker

      stacked/compute-%:
          once echo once >> counter
          echo stacked >> marker

      configured/compute-%: stacked/compute-%
          put hello.txt hello.txt
          echo {{ word }} >> marker

      verified: configured/*
          on controller
          echo verified >> marker

      """
    }

    static let all: Set<String> = [
      "image-validated", "layout", "server/controller", "server/compute-1", "server/compute-2", "stacked/compute-1",
      "stacked/compute-2", "configured/compute-1", "configured/compute-2", "verified",
    ]

    @Test func aPlanChangesNothing() async throws {
      let traces = try await cluster.cloud.traces()
      let plan = try await cluster.stackmake("-n")
      #expect(plan.status == 0)
      #expect(plan.targets == Self.all)
      #expect(plan.output.hasSuffix("stackmake: 10 targets of 10 would be built\n"))
      #expect(plan.output.contains("    1: [compute-2] once echo once >> counter\n"))
      #expect(!FileManager.default.fileExists(atPath: "\(cluster.directory)/.stackmake"))
      #expect(try await traces().isEmpty)
      #expect(try await cluster.stackmake("-q").status == 1)
    }

    @Test func oneGoalBuildsWhatItNeeds() async throws {
      let run = try await cluster.stackmake("stacked/compute-2")
      #expect(run.status == 0, "\(run)")
      #expect(run.targets == ["image-validated", "layout", "server/compute-2", "stacked/compute-2"])
      #expect(try await Set(cluster.machines.keys) == ["compute-2"])
      #expect(try await cluster.machine("compute-2").home("marker") == "server\nstacked\n")
    }

    @Test func theRestIsBuiltBesideIt() async throws {
      let before = try await cluster.machine("compute-2")
      let supervisor = before.supervisor
      let run = try await cluster.stackmake()
      #expect(run.status == 0, "\(run)")
      #expect(run.lines.last?.hasPrefix("stackmake: 10 targets: 4 fresh, 6 built (") == true)
      #expect(
        run.targets == Self.all.subtracting(["image-validated", "layout", "server/compute-2", "stacked/compute-2"]))
      #expect(try await Set(cluster.machines.keys) == ["controller", "compute-1", "compute-2"])
      #expect(try await cluster.machine("compute-2") == before)
      #expect(try await cluster.machine("compute-2").supervisor == supervisor)
      for server in ["compute-1", "compute-2"] {
        #expect(try await cluster.machine(server).home("marker") == "server\nstacked\nconfigured\n")
        #expect(try await cluster.machine(server).home("counter") == "once\n")
      }
      #expect(try await cluster.machine("controller").home("marker") == "server\nverified\n")
    }

    @Test func aSecondRunHasNothingToDo() async throws {
      let run = try await cluster.stackmake()
      #expect(run.status == 0)
      #expect(run.lines == ["stackmake: 10 targets are up to date"])
      let question = try await cluster.stackmake("-q")
      #expect(question.status == 0 && question.output.isEmpty)
    }

    @Test(arguments: [["-n"], ["-n", "word=other"], ["-q", "word=other"], ["clean", "-n"], ["status"]])
    func readingChangesNoByteOfTheState(_ arguments: [String]) async throws {
      let before = try cluster.state()
      let machines = try await cluster.machines
      let end = try await cluster.stackmake(arguments)
      #expect(end.status == (arguments[0] == "-q" ? 1 : 0), "\(end)")
      #expect(try cluster.state() == before)
      #expect(try await cluster.machines == machines)
    }

    @Test func alwaysMakeRunsAllButTheOnceStep() async throws {
      let run = try await cluster.stackmake("-B", "stacked/compute-1")
      #expect(try await cluster.machine("compute-1").home("counter") == "once\n", "\(run)")
      #expect(!run.error.contains("echo once"), "\(run)")
      let task = try await cluster.stackmake("-B", "configured/compute-1")
      #expect(task.status == 0)
      #expect(task.said(by: "configured/compute-1").first == "building (asked for with `-B`)", "\(task)")
    }

    @Test func oneJobAtATime() async throws {
      let run = try await cluster.stackmake("-j", "1", "word=serial")
      #expect(run.status == 0, "\(run)")
      // Between the beginning of a target and its end nobody else speaks.
      var open: String?
      // After the last one comes the table of servers, then the summary.
      for line in run.lines.prefix(while: { !$0.hasPrefix("server ") }) {
        let target = String(line.prefix { $0 != ":" })
        if line.contains(": building (") {
          #expect(open == nil, "\(run)")
          open = target
        }
        #expect(target == open, "\(line)")
        if line.contains(": built in ") { open = nil }
      }
      #expect(run.targets == ["configured/compute-1", "configured/compute-2", "verified"])
    }

    @Test func aFailureStopsTheRestUnlessToldToKeepGoing() async throws {
      try cluster.write(
        "Stackfile",
        stackfile + """

          bad:
              on compute-1
              echo here is why; exit 3

          after: bad
              local true

          """ + (1...3).map { "late-\($0): \($0 == 1 ? "verified" : "late-\($0 - 1)")\n    local sleep 0.3\n" }.joined()
      )
      let stopped = try await cluster.stackmake("-j", "1", "bad", "after", "late-3")
      #expect(stopped.status == 3, "\(stopped)")
      #expect(!stopped.targets.contains("late-3"), "\(stopped)")
      let run = try await cluster.stackmake("-k", "bad", "after", "late-3")
      #expect(run.status == 3, "\(run)")
      let failure = run.said(by: "bad").joined(separator: "\n")
      #expect(failure.contains("failed: run step 1 of 1: bad on compute-1: exit status 3\n    here is why"), "\(run)")
      #expect(run.said(by: "after") == ["skipped: it depends on `bad`"], "\(run)")
      #expect(run.said(by: "late-3").last?.hasPrefix("built in ") == true, "\(run)")
    }

    @Test func commandsOnServersHaveTheirOwnStatus() async throws {
      let one = try await cluster.stackmake("ssh", "compute-1", "--", "sh", "-c", "hostname; exit 7")
      #expect(one.status == 7)
      #expect(one.output == "compute-1\n")
      // One word is a script, as after `ssh HOST`.
      let script = try await cluster.stackmake("ssh", "compute-1", "--", "hostname; exit 7")
      #expect(script.status == 7)
      #expect(script.output == "compute-1\n")
      let many = try await cluster.stackmake("run", "compute-*", "--", "hostname")
      #expect(many.status == 0)
      #expect(Set(many.output.split(separator: "\n")) == ["compute-1 | compute-1", "compute-2 | compute-2"])
      let failing = try await cluster.stackmake("run", "compute-*", "--", "test $(hostname) = compute-1")
      #expect(failing.status == 3)
      #expect(failing.lines == ["stackmake: error: compute-2: exit status 1"])
    }

    @Test func twoRunsAtOnce() async throws {
      try cluster.write("Stackfile", stackfile + "\nslow:\n    local echo waiting; sleep 30\n")
      let first = try cluster.start("slow")
      defer { first.kill() }
      #expect(await isSo { first.errorSoFar.contains("slow: waiting") })
      let second = try await cluster.stackmake("verified")
      #expect(second.status == 5)
      #expect(second.error.contains("\(first.pid)"), "\(second)")
      let clean = try await cluster.stackmake("clean", "--yes")
      #expect(clean.status == 5)
      // Reading needs no lock.
      #expect(try await cluster.stackmake("-n", "verified").status == 0)
      first.kill()
      #expect(try await first.wait().status == 128 + SIGKILL)
      #expect(try await cluster.stackmake("verified").status == 0)
    }

    @Test func cleanLeavesNothing() async throws {
      #expect(try await cluster.machines.count == 3)
      let traces = try await cluster.cloud.traces()
      let clean = try await cluster.stackmake("clean", "--yes")
      #expect(clean.status == 0)
      #expect(clean.lines.last?.hasPrefix("stackmake: 3 servers deleted, ") == true, "\(clean)")
      #expect(try await traces() == [])
      let again = try await cluster.stackmake("clean", "--yes")
      #expect(again.status == 0)
      #expect(again.lines == ["stackmake: nothing to clean"], "\(again)")
      #expect(try await cluster.stackmake("-n").output.hasSuffix("stackmake: 10 targets of 10 would be built\n"))
    }
  }
}

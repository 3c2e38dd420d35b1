import Foundation
import Support
import Testing

extension AcceptanceTests {
  /// `snapshot`: what is stacked is kept, and stacked only once.
  @Suite(
    .serialized, .onCluster, .timeLimit(.minutes(10)),
    .enabled(
      if: RealCloud.current == nil,
      "neutron lets only a network's owner choose addresses, and the test cloud's networks are another project's"))
  struct SnapshotTests {
    let cluster: TestCluster

    init() throws { cluster = try #require(TestCluster.current) }

    /// Each step counts its runs; one takes something of the base image away.
    private func write(greeting: String) throws {
      try cluster.write(
        "Stackfile",
        """
        \(cluster.cloud.settings)
        cluster = lab
        greeting = \(greeting)
        secret PASSWORD

        layout:
            controller
            compute

        packages/%: server/%
            echo prepared >> prepared

        stacked/%: packages/%
            echo before >> before
            once
                echo once >> counter
                sudo rm -rf /usr/share/bash-completion
                echo '{{ greeting }} {{ PASSWORD }} of {{ ip }}' > greeting
            echo after >> marker

        stacked/compute: stacked/controller

        """)
    }

    private let servers = ["controller", "compute"]

    private func snapshots() async throws -> String { try await cluster.stackmake("snapshot", "--list").output }

    /// The id of the only snapshot.
    private func snapshot() async throws -> String { String(try await snapshots().prefix(12)) }

    private func home(_ server: String, _ file: String) async throws -> String {
      try await cluster.on(server, "cat \(file)").output
    }

    private func expectRuns(before: Int, counter: Int = 1, marker: Int, _ servers: [String]) async throws {
      for server in servers {
        #expect(try await home(server, "before") == String(repeating: "before\n", count: before), "\(server)")
        #expect(try await home(server, "counter") == String(repeating: "once\n", count: counter), "\(server)")
        #expect(try await home(server, "marker") == String(repeating: "after\n", count: marker), "\(server)")
        #expect(try await cluster.on(server, "ls /usr/share/bash-completion").status != 0, "\(server)")
      }
    }

    @Test func aLaterBuildStartsFromIt() async throws {
      try write(greeting: "hello")
      let early = try await cluster.stackmake("snapshot")
      #expect(early.status == 3)
      #expect(early.error.contains("snapshot: image-validated isn't up to date (nor 7 others)\n"), "\(early)")
      let first = try await cluster.stackmake()
      #expect(first.status == 0, "\(first)")
      #expect(try await snapshots() == "stackmake: there is no snapshot\n")
      let keys = try await cluster.stackmake("status", "--json").output
      let greetings = [try await home("controller", "greeting"), try await home("compute", "greeting")]

      let made = try await cluster.stackmake("snapshot")
      #expect(made.status == 0, "\(made)")
      let id = try await snapshot()
      #expect(made.lines.last == "stackmake: snapshot \(id) of stacked/controller, stacked/compute", "\(made)")
      #expect(
        try await snapshots().contains(
          #/^[0-9a-f]{12}  stacked/controller, stacked/compute  \d+ (s|min) ago, used where its servers get new machines\n$/#
        ))
      #expect(try await cluster.stackmake("-q").status == 0)
      #expect(try await cluster.stackmake("gc").output == "stackmake: nothing is left\n")
      let same = try await cluster.stackmake("snapshot")
      #expect(same.status == 0 && same.lines == ["stackmake: 1 snapshot up to date"], "\(same)")

      // All is taken down, and the same addresses are given out again.
      let cleaned = try await cluster.stackmake("clean", "--yes")
      #expect(cleaned.status == 0, "\(cleaned)")
      #expect(cleaned.error.hasSuffix("; 2 images of snapshots kept (`stackmake snapshot --list`)\n"), "\(cleaned)")
      #expect(try await cluster.stackmake("gc").status == 0)
      let why = try await cluster.stackmake("why", "stacked/compute")
      #expect(why.output.contains("snapshot \(id), made "), "\(why)")
      let record = try await cluster.stackmake("why", "stacked/compute", "--json")
      #expect(
        record.output.contains(##""snapshots":[{"made-at":"##) && record.output.contains(##""snapshot":"\##(id)""##))
      #expect(!(try JSONSchemaTests.types(of: record.output, ["why"]).isEmpty))
      let second = try await cluster.stackmake()
      #expect(second.status == 0, "\(second)")
      for server in servers {
        #expect(second.said(by: "server/\(server)").contains { $0.hasPrefix("from snapshot \(id) of ") }, "\(second)")
        let said = second.said(by: "stacked/\(server)")
        #expect(said.contains { $0.hasSuffix(" ago: steps 1 to 2 are done in it") }, "\(second)")
      }
      try await expectRuns(before: 1, marker: 2, servers)
      #expect(greetings == [try await home("controller", "greeting"), try await home("compute", "greeting")])
      #expect(try await home("controller", "prepared") == "prepared\nprepared\n")
      #expect(try await cluster.stackmake("status").output.contains(", from snapshot \(id))"))
      #expect(try await cluster.stackmake("status", "--json").output != keys)
      #expect(try await cluster.stackmake("-q").status == 0)
      let restored = try await cluster.stackmake("snapshot")
      #expect(restored.lines == ["stackmake: 1 snapshot up to date"], "\(restored)")

      // Beside a controller that goes on a compute is stacked anew; both together are put back.
      let one = try await cluster.stackmake("clean", "stacked/compute")
      #expect(
        one.error.contains(
          "snapshot \(id) isn't used: stacked/compute needs stacked/controller, which isn't made from it\n"), "\(one)")
      #expect(try await cluster.stackmake().status == 0)
      try await expectRuns(before: 1, marker: 1, ["compute"])
      let plan = try await cluster.stackmake("clean", "-n", "stacked/*")
      #expect(plan.output.contains("rebuild server lab-controller from snapshot \(id), for stacked/controller\n"))
      let both = try await cluster.stackmake("clean", "stacked/*")
      #expect(both.status == 0 && both.error.contains("rebuilding lab-compute from snapshot \(id) of "), "\(both)")
      // What is on the machines by now isn't what this would build: nothing runs on them, and clean gives others.
      try write(greeting: "good day")
      let other = try await cluster.stackmake()
      #expect(
        other.status == 4
          && other.error.contains("its machine was made from snapshot \(id), and step 2 changed at line 3"), "\(other)")
      let out = try await cluster.stackmake("clean", "-n", "stacked/controller")
      #expect(out.output.contains("rebuild server lab-controller from its image, for stacked/controller\n"), "\(out)")
      try write(greeting: "hello")
      #expect(try await cluster.stackmake().status == 0)
      try await expectRuns(before: 1, marker: 2, servers)

      // Another recipe is another trace.
      try write(greeting: "good day")
      #expect(try await cluster.stackmake().status == 4)
      let changed = try await cluster.stackmake("clean", "stacked/*")
      #expect(changed.error.contains("snapshot \(id) isn't used: stacked/controller: step 2 changed"), "\(changed)")
      let third = try await cluster.stackmake()
      #expect(third.status == 0, "\(third)")
      try await expectRuns(before: 1, marker: 1, servers)
      #expect(try await home("controller", "greeting").hasPrefix("good day "))
      #expect(try await snapshots().contains(" ago, not used: stacked/controller: step 2 changed"))
      let left = try await cluster.stackmake("gc")
      #expect(
        left.status == 1
          && left.output.contains(#/snapshot stackmake-[^ ]*-controller.[0-9a-f]{12}: stacked/controller: /#))
      #expect(try await cluster.stackmake("gc", "--delete", "--yes").status == 0)
      #expect(try await snapshots() == "stackmake: there is no snapshot\n")
    }

    /// Whatever is half done when it is killed, the next run starts the servers, and leaves no image that is of no use.
    @Test func oneThatIsKilledLeavesNothing() async throws {
      try write(greeting: "hello")
      let built = try await cluster.stackmake()
      #expect([0, 4].contains(built.status), "\(built)")
      if built.status == 4 {
        #expect(try await cluster.stackmake("clean", "stacked/*").status == 0)
        #expect(try await cluster.stackmake().status == 0)
      }
      for moment in ["stopping it for a snapshot", "making an image of its disk", "starting it again"] {
        let run = try cluster.start("snapshot")
        #expect(await isSo { run.errorSoFar.contains(moment) })
        run.kill()
        #expect(try await run.wait().status == 128 + SIGKILL)
        let next = try await cluster.stackmake()
        #expect(next.status == 0, "\(moment): \(next)")
        #expect(try await cluster.stackmake("-q").status == 0)
        let left = try await cluster.stackmake("gc")
        #expect(left.status == 0, "\(moment): \(left)")
        #expect(try await cluster.stackmake("snapshot", "--delete", "--yes").status == 0)
      }
      let whole = try await cluster.stackmake("snapshot")
      #expect(whole.status == 0, "\(whole)")
      #expect(try await cluster.stackmake("clean", "--yes").status == 0)
      #expect(try await cluster.stackmake("snapshot", "--delete", "--yes").lines.last == "stackmake: 2 images deleted")
    }
  }
}

import Foundation
import Testing

extension AcceptanceTests {
  /// Wrong input costs nothing: it is refused before anything is made.
  @Suite(.serialized, .onCluster, .timeLimit(.minutes(2)))
  struct RefusalTests {
    let cluster: TestCluster

    init() throws { cluster = try #require(TestCluster.current) }

    private func expectNothingMade() async throws { #expect(try await cluster.machines.isEmpty) }

    @Test func unknownNamesComeInOneReport() async throws {
      try cluster.write(
        "Stackfile",
        """
        \(cluster.cloud.settings)

        layout:
            controller
            compute  count=2 flavor=m1.smal
            storage  image=debain-12
        """)
      let run = try await cluster.stackmake()
      #expect(run.status == 3, "\(run)")
      #expect(run.error.contains("m1.smal"), "\(run)")
      #expect(run.error.contains("m1.small"), "\(run)")
      #expect(run.error.contains("debain-12"), "\(run)")
      #expect(run.error.contains("debian-12"), "\(run)")
      #expect(!run.error.contains("server/compute-1: building"), "\(run)")
      try await expectNothingMade()
    }

    @Test(arguments: [
      ("    compute  flavour=m1.small", "flavour", "flavor"),
      ("    compute  count=many", "many", ""),
      ("    compute\n\nserver/%:\n    put missing.txt here.txt", "missing.txt", ""),
      ("    compute\n\nserver/%:\n    echo {{ nmae }}", "nmae", ""),
      ("    compute\n\nready: server/compte\n    local true", "server/compte", "server/compute"),
    ])
    func aWrongStackfileIsRefused(layout: String, wrong: String, right: String) async throws {
      try cluster.write("Stackfile", "\(cluster.cloud.settings)\n\nlayout:\n\(layout)\n")
      let run = try await cluster.stackmake()
      #expect(run.status == 2, "\(run)")
      #expect(run.error.contains(wrong), "\(run)")
      if !right.isEmpty { #expect(run.error.contains("`\(right)`"), "\(run)") }
      try await expectNothingMade()
    }

    @Test(.enabled(if: RealCloud.current == nil, "another cloud makes machines for everybody"))
    func onlyRootCanMakeMachines() async throws {
      try cluster.write("Stackfile", "\(cluster.cloud.settings)\n\nlayout:\n    controller\n")
      // Where another user may read it.
      let program = "\(cluster.directory)/stackmake"
      try FileManager.default.copyItem(atPath: TestCluster.program, toPath: program)
      for path in [cluster.directory, "\(cluster.directory)/Stackfile", program] {
        #expect(chown(path, 65534, 65534) == 0)
      }
      try? FileManager.default.removeItem(atPath: "\(cluster.directory)/.stackmake")
      let run = try await RunningProgram(
        "/usr/bin/env", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program],
        in: cluster.directory, environment: cluster.environment
      ).wait()
      #expect(run.status == 3, "\(run)")
      #expect(run.error.contains("only root can make machines on this host"), "\(run)")
      #expect(run.error.contains("hint: run it with sudo"), "\(run)")
      try await expectNothingMade()
    }
  }
}

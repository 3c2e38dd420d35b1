import Foundation
import Testing

extension OpenStackTests {
  /// `init` asks a real OpenStack, and the program takes what it writes.
  @Suite struct InitTests {
    // Alone: others make networks and key pairs of their own meanwhile.
    @Test(.tags(.alone), arguments: [[], ["--pack", "devstack"], ["--pack", "openstack-debian", "--computes", "1"]])
    func writesWhatTheCloudHas(_ words: [String]) async throws {
      let cloud = try #require(RealCloud.current)
      let program = try Program("")
      try FileManager.default.removeItem(atPath: "\(program.path)/Stackfile")
      let environment = ["OS_CLIENT_CONFIG_FILE": cloud.clouds]
      let run = try await program.start(["init", "--cloud", cloud.name] + words, environment: environment).outcome.value
      #expect(run.status == 0, "\(run)")
      let text = try #require(program.read("Stackfile"))
      for line in [
        "cloud = \(cloud.name)", "network = extra",
        "# Networks: extra, private. Several, with commas between: the first is reached.",
        "# Zones: az1, az2. Without one the cloud chooses.", "# floating = yes", "# key_pair = test",
      ] {
        #expect(text.contains("\n\(line)\n"), "\(text)")
      }
      #expect(text.contains(#/\nimage = debian-1\d\n/#), "\(text)")
      let plan = try await program.run("-n", environment: environment)
      #expect(plan.status == 0, "\(plan)")
      #expect(plan.output.hasSuffix(" would be built\n"))
      // Every name is one that the cloud knows.
      let names = try await program.run("image-validated", environment: environment)
      #expect(names.status == 0, "\(names.errors)")
      #expect(try await program.run("clean", "--yes", environment: environment).status == 0)
    }
  }
}

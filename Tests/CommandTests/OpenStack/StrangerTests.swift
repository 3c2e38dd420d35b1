import Foundation
import Testing

extension OpenStackTests {
  /// What carries another's mark, or none, is never touched, whatever it is called.
  @Suite struct StrangerTests {
    @Test func serversOfOurNamesAreLeftAlone() async throws {
      let cloud = try #require(RealCloud.current)
      let stranger = try #require(try await cloud.ask("server", "lab-web", "debian-12", "m1.tiny", "private").first)
      // Another cluster of the same name, with a server of the same name.
      let other = try CloudTrial("layout:\n    web\n")
      #expect(try await other.run().status == 0)
      let trial = try CloudTrial("layout:\n    web\n")
      let end = try await trial.run()
      #expect(end.status == 0, "\(end.errors)")
      let all = CloudTrial.one
      #expect(try await trial.left() == all)
      try await trial.takeDown()
      #expect(try await other.left() == all)
      let again = try await other.run()
      #expect(again.errors == "stackmake: 3 targets are up to date\n")
      try await other.takeDown()
      #expect(try await cloud.ask("show", stranger).first == "ACTIVE")
      try await cloud.ask("delete-server", stranger)
    }

    /// The key of the cluster was lost, and made anew: the cloud still has the old one under the same name.
    @Test func aKeyPairWithAnotherKey() async throws {
      let trial = try CloudTrial("layout:\n    web\n")
      // Makes the cluster's id and key, and nothing in the cloud.
      _ = try await trial.run("image-validated")
      let key = try #require(trial.program.read(".stackmake/id_ed25519.pub"))
      let found = try await trial.run("-n")
      #expect(found.status == 0)
      let id = try await trial.cloud.ask("cluster", "\(trial.program.path)/.stackmake")
      let name = "stackmake-\(try #require(id.first))"
      try trial.program.write("other.pub", Self.other)
      #expect(!key.contains(Self.other))
      try await trial.cloud.ask("key-pair", name, "\(trial.program.path)/other.pub")
      try await trial.fails(
        saying: """
          server/web: failed: look at key pair `stackmake-CLUSTER`: server/web: it holds another key than this cluster's
          server/web:   hint: `stackmake clean` deletes it with all that this cluster has; its name is this cluster's alone
          """)
      #expect(try await trial.left() == ["key pairs"])
      try await trial.takeDown()
    }

    private static let other =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKqX8XyTqPq7w0b5jvXcQ4m0w0YF3gS5rJkq0m1n2o3p other"
  }
}

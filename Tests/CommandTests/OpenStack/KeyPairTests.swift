import Testing

extension OpenStackTests {
  /// The user's own key pair, of which the tests' cloud has one.
  @Suite struct KeyPairTests {
    private static func trial(_ more: String) throws -> CloudTrial {
      let directory = try #require(RealCloud.current?.directory)
      return try CloudTrial("layout:\n    web\n", more: more.replacing("SEED", with: "\(directory)/seed") + "\n")
    }

    @Test func isUsedAndStays() async throws {
      let trial = try Self.trial("key_pair = test\nssh_key = SEED/key")
      let end = try await trial.run()
      #expect(end.status == 0, "\(end)")
      #expect(try await trial.left() == ["ports web", "security groups", "servers lab-web ACTIVE"])
      let login = try await trial.run("run", "web", "--", "cat .ssh/authorized_keys")
      #expect(login.status == 0 && login.output.split(separator: "\n").count == 1, "\(login)")
      try await trial.takeDown()
      let again = try await trial.run("image-validated")
      #expect(again.status == 0, "\(again)")
    }

    @Test func whoseKeyNobodyHasIsRefused() async throws {
      try await Self.trial("key_pair = test").fails(
        status: 2,
        saying: """
          stackmake: error: `key_pair = test`, and nothing says where its private key is
            hint: `ssh_key = PATH` in the Stackfile, or `ssh_agent = yes`
          """)
      let other = try Self.trial("key_pair = test\nssh_key = key")
      try other.program.write("key", "not needed before the login\n")
      try other.program.write(
        "key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyN9dHmvXfRpJRdy/Nk9Yo7cDZZAkD9eBhSuBNJZYYS\n")
      try await other.fails(
        saying: """
          image-validated: failed: validate what the layout asks for: image-validated: key pair `test` holds another key than `ssh_key`: servers wouldn't let stackmake in (web)
          image-validated:   hint: `ssh_key` is to be the private key of `test`
          """)
      try await Self.trial("key_pair = tset\nssh_key = SEED/key").fails(
        saying: """
          image-validated: failed: validate what the layout asks for: image-validated: no key pair called `tset` (web)
          image-validated:   hint: a key pair belongs to a user: `openstack keypair list` shows those of this login; without `key_pair` the cluster makes one of its own
          """)
    }
  }
}

import Foundation
import Testing

extension OpenStackTests {
  /// `doctor` and `gc` on the real cloud.
  @Suite struct DoctorTests {
    @Test func findsEverythingInOrder() async throws {
      let cloud = try #require(RealCloud.current)
      let trial = try CloudTrial("layout:\n    web\n")
      let end = try await trial.run("doctor")
      #expect(end.status == 0, "\(end)")
      let output = CloudTrial.settled(end.output.replacing(cloud.clouds, with: "CLOUDS"))
        .replacing(/\b\d+ of \d+\n/, with: "N of M\n")
        .replacing(#/ {3,}/#, with: "  ").replacing(/, for .*/, with: ", for T")
      #expect(
        output == """
          configuration
            cloud  test  (`cloud` in the Stackfile)
            auth.auth_url  http://CLOUD/v3  (CLOUDS, clouds.test.auth.auth_url)
            auth.username  demo  (CLOUDS, clouds.test.auth.username)
            auth.user_domain_name  Default  (CLOUDS, clouds.test.auth.user_domain_name)
            auth.password  (secret)  (CLOUDS, clouds.test.auth.password)
            auth.project_name  demo  (CLOUDS, clouds.test.auth.project_name)
            auth.project_domain_name  Default  (CLOUDS, clouds.test.auth.project_domain_name)
            region_name  RegionOne  (CLOUDS, clouds.test.region_name)
            interface  public  (CLOUDS, clouds.test.interface)
            identity_api_version  3  (CLOUDS, clouds.test.identity_api_version)
          resolve  127.0.0.1 is an address
          connect  keystone v3.14 answers at http://CLOUD/v3
          token  user `demo` in project `demo`, as member, reader, for T
          catalog  nova  http://CLOUD/v2.1
          catalog  glance  http://CLOUD
          catalog  neutron  http://CLOUD
          versions  nova  2.93 of 2.1 to 2.93
          versions  glance  v2.15
          versions  neutron  v2.0
          versions  placement  isn't needed
          quota  servers  N of M
          quota  cores  N of M
          quota  MiB of memory  N of M
          quota  ports  N of M
          quota  floating addresses  N of M
          cloud `test` can be used

          """)
      #expect(!trial.program.exists(".stackmake"))
    }

    @Test(.tags(.alone)) func endsWhereAServiceIsAway() async throws {
      let cloud = try #require(RealCloud.current)
      let trial = try CloudTrial("layout:\n    web\n")
      let end = try await cloud.without("neutron") { try await trial.run("doctor") }
      #expect(end.status == 3)
      #expect(
        CloudTrial.settled(end.output).split(separator: "\n").suffix(5).joined(separator: "\n") == """
          versions  nova       2.93 of 2.1 to 2.93
          versions  glance     v2.15
          versions  neutron    failed: ask neutron for its versions: GET http://CLOUD/: Failed to connect to CLOUD after T ms: Couldn't connect to server
            hint: check the address and the way to it
          versions  placement  isn't needed
          """)
    }

    /// A server that the layout no longer names, its port, and a whole layout that is gone.
    @Test func leftoversAreListedAndDeleted() async throws {
      let trial = try CloudTrial("layout:\n    web\n    old\n")
      #expect(try await trial.run().status == 0)
      #expect(try await trial.run("gc").output == "stackmake: nothing is left\n")
      let text = try #require(trial.program.read("Stackfile"))
      try trial.program.write("Stackfile", text.replacing("    old\n", with: ""))
      let list = try await trial.run("gc")
      #expect(list.status == 1)
      #expect(
        CloudTrial.settled(list.output) == """
          server lab-old (ID): the layout doesn't name `old`
          port stackmake-CLUSTER-old: the layout doesn't name `old`
          stackmake: 2 things are left, and `stackmake gc --delete` deletes them

          """)
      let deleted = try await trial.run("gc", "--delete", "--json")
      #expect(deleted.status == 0, "\(deleted)")
      #expect(deleted.output.hasSuffix("{\"count\":0,\"type\":\"leftovers\",\"version\":1}\n"))
      #expect(
        try await trial.left() == CloudTrial.one)
      let again = try await trial.run()
      #expect(again.status == 0 && !again.errors.contains("server/web: "), "\(again)")

      try trial.program.write("Stackfile", text.replacing("layout:\n    web\n    old\n", with: "other:\n    true\n"))
      let garbage = try await trial.run("gc", "--json")
      #expect(garbage.status == 1)
      let kinds = garbage.output.matches(of: /"kind":"([^"]+)"/).map { String($0.output.1) }
      #expect(kinds == ["server", "port", "key pair", "security group"])
      try await trial.takeDown()
    }
  }
}

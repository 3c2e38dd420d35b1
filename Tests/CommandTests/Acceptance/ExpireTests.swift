import Foundation
import Testing

extension AcceptanceTests {
  /// `expire`: a cluster's end is with its servers, and `gc --expired` takes down what is past it.
  @Suite(.serialized, .onCluster, .timeLimit(.minutes(5)))
  struct ExpireTests {
    let cluster: TestCluster

    init() throws { cluster = try #require(TestCluster.current) }

    private func write(_ expire: String?) throws {
      let line = expire.map { "expire = \($0)\n" } ?? ""
      try cluster.write("Stackfile", "\(cluster.cloud.settings)\ncluster = lab\n\(line)layout:\n    web\n")
    }

    /// The last line of `status`, where it is about the cluster.
    private func end() async throws -> String? {
      let status = try await cluster.stackmake("status")
      #expect(status.status == 0, "\(status)")
      return status.output.split(separator: "\n").last.map(String.init).flatMap { $0.hasPrefix("cluster ") ? $0 : nil }
    }

    @Test func anEndIsGivenMovedAndKept() async throws {
      try write("soon")
      let wrong = try await cluster.stackmake("-n")
      #expect(wrong.status == 2)
      #expect(
        wrong.error == """
          stackmake: error: `expire = soon` is no time
            hint: write it as `12h`, `3d` or `2w`

          """)
      try write("3d")
      #expect(try await cluster.stackmake().status == 0)
      let first = try #require(try await end())
      let ends = #/^cluster lab ends in (3 d 00 h|2 d 23 h), at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/#
      #expect(first.contains(ends), "\(first)")
      let status = try await cluster.stackmake("status", "--json")
      #expect(try JSONSchemaTests.types(of: status.output, ["status"]).contains("cluster"), "\(status)")
      let none = try await cluster.stackmake("gc", "--expired")
      #expect(none.status == 0 && none.output == "stackmake: nothing is past its end\n", "\(none)")

      // A build moves nothing; another time in the Stackfile does, in place.
      #expect(try await cluster.stackmake().status == 0)
      #expect(try await end()?.suffix(20) == first.suffix(20))
      let id = try await cluster.cloud.machines().map(\.id)
      try write("1s")
      let plan = try await cluster.stackmake("-n")
      #expect(plan.output.hasPrefix("server/web: setting `expire` changed (3d -> 1s)\n    update\n"), "\(plan.output)")
      #expect(try await cluster.stackmake().status == 0)
      let ended = #/^cluster lab ended .* ago, at .*: `stackmake gc --expired` lists it, a longer `expire` keeps it$/#
      #expect(try await end()?.contains(ended) == true)
      #expect(try await cluster.cloud.machines().map(\.id) == id)
      let late = try await cluster.stackmake("-B", "layout", "server/web")
      #expect(late.error.contains("warning: the cluster ended "), "\(late.error)")

      let list = try await cluster.stackmake("gc", "--expired")
      #expect(list.status == 1)
      #expect(
        list.output.replacing(#/\([a-z0-9]{12}\) ended .* ago, at [^:]*:\d\d:\d\dZ/#, with: "(ID) ended")
          == """
          cluster lab (ID) ended: lab-web
          stackmake: 1 cluster is past its end, and `stackmake gc --expired --yes` deletes it

          """, "\(list.output)")
      let record = try await cluster.stackmake("gc", "--expired", "--json")
      #expect(record.status == 1)
      #expect(try JSONSchemaTests.types(of: record.output, ["gc"]) == ["expired", "expired-clusters"], "\(record)")
      #expect(try await cluster.cloud.machines().map(\.id) == id)
      let gone = try await cluster.stackmake("gc", "--expired", "--yes")
      #expect(gone.status == 0 && gone.output == "stackmake: nothing is past its end\n", "\(gone)")
      #expect(try await cluster.cloud.machines().isEmpty)

      #expect(
        try await cluster.stackmake("status", "server/web").output.hasSuffix("server/web       stale: never built\n"))

      // The next one begins anew; without `expire` it has no end.
      try write("3d")
      #expect(try await cluster.stackmake().status == 0)
      #expect(try await end()?.contains(" ends in ") == true)
      try write(nil)
      #expect(try await cluster.stackmake().status == 0)
      #expect(try await end() == nil)
      #expect(try await cluster.stackmake("clean", "--yes").status == 0)
    }
  }
}

import StackMake
import Support
import SystemPackage
import Testing

@testable import Targets

@Suite struct StaticCatalogTests {
  static let pin = "host-key=\(KnownHostsTests.a.type):\(KnownHostsTests.a.base64)"

  /// What is wrong with these lines of a layout, as `SETTING SERVERS: MESSAGE`.
  private func problems(_ lines: String..., known: String = "") throws -> [String] {
    let resolution = try resolve(lines, known)
    return resolution.problems.map { "\($0.setting) \($0.servers.joined(separator: ",")): \($0.message)" }
  }

  private func resolve(_ lines: [String], _ known: String = "", head: String = "") throws -> CloudResolution {
    let text = "cloud = static\n\(head)\nlayout:\n" + lines.map { "    \($0)\n" }.joined()
    let graph = try Graph.stackfile(text, dialect: .stack(cluster: "lab"))
    let catalog = StaticCatalog(knownHosts: KnownHosts(known)) { $0 == "there" ? nil : "No such file or directory" }
    return catalog.resolve(graph.places.map(\.name), among: graph.places)
  }

  @Test func everythingThatIsWrongIsSaidAtOnce() throws {
    #expect(
      try problems(
        "a", "b host=-x \(Self.pin)", "c host=192.0.2.1 port=0 \(Self.pin)", "d host=192.0.2.1",
        "e host=192.0.2.2 key=gone \(Self.pin)", "f host=192.0.2.2 key=there \(Self.pin)",
        "g host=192.0.2.3 host-key=SHA256:abc", "h host=192.0.2.4 host-key=ssh-ed25519:AAAA")
        == [
          "host a: nothing says where it is",
          "host b: `host=-x` is neither an address nor a name of a host",
          "port c: `port=0` is no port: it must be a number from 1 to 65535",
          "host-key g: `host-key=SHA256:abc` is the fingerprint of a key, and the key itself is needed",
          "host-key h: `host-key=ssh-ed25519:AAAA` is no host key",
          "host e,f: 192.0.2.2:22 is more than one server of the layout",
          "host-key d: no host key of 192.0.2.1:22 is known: its line pins none, and known_hosts has none",
          "key e: `key=gone` can't be read: No such file or directory",
        ])
  }

  @Test func everyProblemOfHostKeysTellsHowToPin() throws {
    let resolution = try resolve(["a host=192.0.2.1", "b host=192.0.2.2 host-key=x"])
    #expect(resolution.problems.count == 2)
    for problem in resolution.problems {
      #expect(problem.hint?.contains("host-key=ssh-ed25519:AAAA…") == true)
      #expect(problem.hint?.contains("ssh-keyscan") == true)
    }
  }

  @Test(arguments: [
    (pin, "", [KnownHostsTests.a]),
    // What the Stackfile says is all that counts.
    (pin, "192.0.2.1 \(KnownHostsTests.lineB)", [KnownHostsTests.a]),
    ("", "192.0.2.1 \(KnownHostsTests.lineB)", [KnownHostsTests.b]),
    ("port=2222", "[192.0.2.1]:2222 \(KnownHostsTests.lineB)", [KnownHostsTests.b]),
    ("\(pin),ssh-ed25519:\(KnownHostsTests.b.base64)", "", [KnownHostsTests.a, KnownHostsTests.b]),
    ("\(pin),ssh-ed25519:\(KnownHostsTests.b.base64)", "@revoked * \(KnownHostsTests.lineA)", [KnownHostsTests.b]),
  ])
  func pins(_ settings: String, _ known: String, _ keys: [HostKey]) throws {
    let graph = try Graph.stackfile(
      "cloud = static\nlayout:\n    a host=192.0.2.1 \(settings)\n", dialect: .stack(cluster: "lab"))
    let host = try #require(StaticHost.read(graph.places[0]).host)
    let catalog = StaticCatalog(knownHosts: KnownHosts(known)) { _ in nil }
    #expect(catalog.pins(of: host) == .keys(keys))
  }

  @Test func aRevokedKeyIsRefused() throws {
    #expect(
      try problems("a host=192.0.2.1 \(Self.pin)", known: "@revoked 192.0.2.1 \(KnownHostsTests.lineA)")
        == ["host-key a: the host key of 192.0.2.1:22 is revoked in known_hosts"])
  }

  @Test func whatOnlyCloudsHaveIsNoted() throws {
    let resolution = try resolve(["a host=192.0.2.1 zone=z \(Self.pin)"], head: "image = debian-12")
    #expect(resolution.problems == [])
    #expect(resolution.resolved.map(\.name) == ["a"])
    #expect(
      resolution.notes == [
        "`image` means nothing for servers that exist, and is left out",
        "`zone` means nothing for servers that exist, and is left out",
      ])
  }

  @Test(arguments: [
    ("192.0.2.1", UInt16(22), "192.0.2.1:22"), ("2001:db8::1", 22, "[2001:db8::1]:22"),
    ("db.example", 2222, "db.example:2222"),
  ])
  func ids(_ address: String, _ port: UInt16, _ id: String) {
    #expect(StaticHost.id(address, port) == id)
  }

  @Test(arguments: [
    ("keys/a", "/project/keys/a"), ("/etc/key", "/etc/key"), ("~/.ssh/id", "/home/me/.ssh/id"),
  ])
  func keyPaths(_ text: String, _ path: String) {
    #expect(StaticHost.keyPath(text, directory: "/project", home: "/home/me").string == path)
  }
}

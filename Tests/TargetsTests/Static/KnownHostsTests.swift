import Foundation
import Support
import Testing

@testable import Targets

@Suite struct KnownHostsTests {
  static let a = HostKey(
    type: "ssh-ed25519", base64: "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB")
  static let b = HostKey(
    type: "ssh-ed25519", base64: "AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC")
  static let (lineA, lineB) = ("\(a.type) \(a.base64)", "\(b.type) \(b.base64)")

  @Test(arguments: [
    ("db.example \(lineA)", "db.example", UInt16(22), [a]),
    ("db.example \(lineA) a comment", "DB.Example", 22, [a]),
    ("db.example,192.0.2.7 \(lineA)\nother \(lineB)", "192.0.2.7", 22, [a]),
    ("db.example \(lineA)\r\ndb.example \(lineB)\r\n", "db.example", 22, [a, b]),
    ("db.example \(lineA)\ndb.example \(lineA)", "db.example", 22, [a]),
    ("  db.example\t\(lineA)", "db.example", 22, [a]),
    // Another port is another name.
    ("[db.example]:2222 \(lineA)", "db.example", 2222, [a]),
    ("[db.example]:2222 \(lineA)", "db.example", 22, []),
    ("db.example \(lineA)", "db.example", 2222, []),
    ("[::1]:2222 \(lineA)", "::1", 2222, [a]),
    // Patterns.
    ("*.example \(lineA)", "db.example", 22, [a]),
    ("db?.example \(lineA)", "db1.example", 22, [a]),
    ("db?.example \(lineA)", "db.example", 22, []),
    ("*.example,!db.example \(lineA)", "db.example", 22, []),
    ("*.example,!db.example \(lineA)", "web.example", 22, [a]),
    ("[*.example]:2* \(lineA)", "db.example", 2222, [a]),
    ("*a*b \(lineA)", "xaybzb", 22, [a]),
    ("*a*b \(lineA)", "xaybz", 22, []),
    // What says nothing.
    ("# db.example \(lineA)", "db.example", 22, []),
    ("@cert-authority *.example \(lineA)", "db.example", 22, []),
    ("@unheard-of db.example \(lineA)", "db.example", 22, []),
    ("db.example ssh-ed25519", "db.example", 22, []),
    ("db.example ssh-ed25519 AAAA", "db.example", 22, []),
    ("db.example ssh-rsa \(a.base64)", "db.example", 22, []),
    ("", "db.example", 22, []),
    // Wherever the line is that revokes it.
    ("db.example \(lineA)\n@revoked db.example \(lineA)", "db.example", 22, []),
    ("@revoked * \(lineA)\ndb.example \(lineA)\ndb.example \(lineB)", "db.example", 22, [b]),
    ("@revoked other \(lineA)\ndb.example \(lineA)", "db.example", 22, [a]),
    // Not hashed as it should be.
    ("|1|c2FsdA== \(lineA)", "db.example", 22, []),
    ("|2|c2FsdA==|c2FsdA== \(lineA)", "db.example", 22, []),
    ("|1|!!|c2FsdA== \(lineA)", "db.example", 22, []),
  ])
  func keys(_ text: String, _ host: String, _ port: UInt16, _ keys: [HostKey]) {
    #expect(KnownHosts(text).keys(of: host, port: port) == keys)
  }

  /// As ssh-keygen hashes names.
  @Test func namesMayBeHashed() async throws {
    let scratch = try ScratchDirectory()
    let file = "\(scratch.path)/known_hosts"
    let plain = "db.example,192.0.2.7 \(Self.lineA)\n[db.example]:2222 \(Self.lineB)\n"
    try Data(plain.utf8).write(to: URL(filePath: file))
    #expect(try await ChildProcess(["/usr/bin/ssh-keygen", "-q", "-H", "-f", file]).wait() == 0)
    let hashed = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    #expect(hashed.contains("|1|") && !hashed.contains("db.example"))
    let known = KnownHosts(hashed)
    #expect(known.keys(of: "db.example", port: 22) == [Self.a])
    #expect(known.keys(of: "192.0.2.7", port: 22) == [Self.a])
    #expect(known.keys(of: "db.example", port: 2222) == [Self.b])
    #expect(known.keys(of: "192.0.2.8", port: 22) == [])
  }
}

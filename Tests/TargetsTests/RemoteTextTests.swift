import Glibc
import Support
import SystemPackage
import Testing

@testable import Targets

@Suite struct RemoteTextTests {
  static let ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJP3VyCyuzAC0Hq6vp4Cc9yyJ+BzZaCkSBVUDIGhRbLt"
  static let ed25519Print = "SHA256:8mQWJEr8dk9+0qFHlBBRi3c9FAhC/Y0oA/OCXlvgSlg"

  @Test(arguments: [
    ("plain", "plain"), ("a/b-c_d.e,f:g@h+i%j9", "a/b-c_d.e,f:g@h+i%j9"), ("", "''"), ("a b", "'a b'"), ("$x", "'$x'"),
    ("it's", "'it'\\''s'"), ("'", "''\\'''"), ("a\nb", "'a\nb'"), ("a=b", "'a=b'"), ("~", "'~'"), ("*", "'*'"),
    ("\\", "'\\'"), ("é", "'é'"), ("!", "'!'"), ("#x", "'#x'"), ("{a,b}", "'{a,b}'"), ("e\u{301}'", "'e\u{301}'\\'''"),
  ])
  func quotesAWord(_ word: String, _ quoted: String) {
    #expect(ShellCommand.quoted(word) == quoted)
  }

  /// What each shell makes of quoted words is the words.
  @Test(arguments: ["sh", "bash"])
  func shellsReadQuotedWords(_ name: String) async throws {
    let bytes = (1...255).map { String(UnicodeScalar(UInt8($0))) }
    let words = bytes + ["", "a'b", "''", "\\'", "$(false)", "`x`", "\r\n", "~/x", "日本"]
    let shell = LocalShell(
      directory: "/tmp", environment: ["PATH": "/usr/bin:/bin", "HOME": "/tmp"], jobs: "/nonexistent")
    let output = OutputRecorder()
    let command = ShellCommand(["printf", "[%s]\\n"] + words)
    let script = ShellCommand(name, "-c", command.description).description
    let status = try await shell.run(script, timeout: nil, output: output.handler)
    #expect(status == .exited(0))
    #expect(output.standardOutput.unicodeScalars.elementsEqual(words.map { "[\($0)]\n" }.joined().unicodeScalars))
  }

  @Test func makesKeyPairs() throws {
    let one = try SSHKeyPair.generate()
    let other = try SSHKeyPair.generate()
    #expect(one.privateKey.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----\n"))
    #expect(one.publicKey != other.publicKey)
    #expect(HostKey.parse(one.publicKey)?.type == "ssh-ed25519")
  }

  @Test(arguments: [
    "", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!", "ssh-dss AAAAB3NzaC1kc3MAAAA=",
    // Another type inside than outside.
    "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJP3VyCyuzAC0Hq6vp4Cc9yyJ+BzZaCkSBVUDIGhRbLt",
  ])
  func refusesWhatIsNoKey(_ line: String) {
    #expect(HostKey.parse(line) == nil)
  }

  @Test func parsesAKey() throws {
    let key = try #require(HostKey.parse(Self.ed25519 + " root@host\n"))
    #expect(key.type == "ssh-ed25519")
    #expect("\(key.type) \(key.base64)" == Self.ed25519)
    #expect(key.knownHostsLine(for: "web") == "web " + Self.ed25519)
  }

  /// As ssh-keygen says it.
  @Test func fingerprintsAreThoseOfSSH() async throws {
    let key = try #require(HostKey.parse(try SSHKeyPair.generate().publicKey))
    let shell = LocalShell(
      directory: "/tmp", environment: ["PATH": "/usr/bin:/bin", "HOME": "/tmp"], jobs: "/nonexistent")
    let output = OutputRecorder()
    let script = "echo \(key.type) \(key.base64) | ssh-keygen -lf - | cut -d' ' -f2"
    _ = try await shell.run(script, timeout: nil, output: output.handler)
    #expect(output.standardOutput == key.fingerprint + "\n")
  }

  static let begin = "-----BEGIN SSH HOST KEY KEYS-----"
  static let end = "-----END SSH HOST KEY KEYS-----"

  struct Console: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var lines: [String]
    var keys: [String]?
  }

  static let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQ=="

  static let consoles = [
    Console(testDescription: "nothing", lines: [], keys: nil),
    Console(
      testDescription: "whole", lines: ["boot", begin, ed25519, rsa + " root@x", end, "login:"], keys: [ed25519, rsa]),
    Console(testDescription: "no end", lines: [begin, ed25519], keys: nil),
    Console(testDescription: "no begin", lines: [ed25519, end], keys: nil),
    Console(testDescription: "empty", lines: [begin, end], keys: nil),
    Console(
      testDescription: "prefixes",
      lines: ["[   12.3] cloud-init[123]: \(begin)", "[   12.3] cloud-init[123]: \(ed25519) a b", "<14>x: \(end)"],
      keys: [ed25519]),
    Console(testDescription: "CRLF", lines: [begin + "\r", ed25519 + "\r", end + "\r"], keys: [ed25519]),
    Console(testDescription: "the last", lines: [begin, ed25519, end, begin, rsa, end], keys: [rsa]),
    Console(testDescription: "the last has begun", lines: [begin, ed25519, end, begin, rsa], keys: nil),
    Console(
      testDescription: "other lines", lines: [begin, "[ OK ] Started x", ed25519, "noise", end], keys: [ed25519]),
    Console(testDescription: "begun twice", lines: [begin, ed25519, begin, rsa, end], keys: [rsa]),
  ]

  @Test(arguments: consoles)
  func readsConsoles(_ example: Console) {
    let keys = ConsoleHostKeys.parse(example.lines.joined(separator: "\n") + "\n")
    #expect(keys?.map { "\($0.type) \($0.base64)" } == example.keys)
  }

  @Test(arguments: [
    ("a", true), ("compute-1.stacked+3_x", true), ("", false), (".", false), ("..", false), ("a/b", false),
    ("a b", false),
    (String(repeating: "a", count: 200), true), (String(repeating: "a", count: 201), false), ("é", false),
  ])
  func checksIds(_ id: String, _ isValid: Bool) {
    #expect(JobScript.isValid(id: id) == isValid)
  }

  @Test(
    arguments: [
      ("none", .some(nil)), ("running", .running), ("exited 3", .ended(.exited(3))),
      ("signaled TERM", .ended(.signaled("TERM"))),
      ("lost the machine was booted since", .lost("the machine was booted since")), ("exited", nil), ("", nil),
      ("other", nil),
    ] as [(String, JobState??)])
  func readsStates(_ text: String, _ state: JobState??) {
    #expect(JobState.parse(text) == state)
  }

  static let target = SSHTarget(
    host: "web", address: "10.0.0.7", user: "stack", identities: [],
    pins: [HostKey(type: "ssh-ed25519", base64: "AAAA")])

  @Test func makesTheWordsOfSSH() {
    let words = InteractiveSSH.arguments(
      for: Self.target, knownHosts: "/state dir/known%hosts", identityFiles: ["/state/key"], command: [])
    #expect(
      words == [
        "-F", "none", "-l", "stack", "-p", "22", "-o", "StrictHostKeyChecking=yes", "-o",
        "UserKnownHostsFile=\"/state dir/known%%hosts\"", "-o", "GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no",
        "-o",
        "HostKeyAlias=web", "-o", "HostKeyAlgorithms=ssh-ed25519", "-o", "PreferredAuthentications=publickey", "-o",
        "PasswordAuthentication=no", "-o", "ServerAliveInterval=15", "-o", "IdentityAgent=none", "-o",
        "IdentitiesOnly=yes",
        "-i", "/state/key", "--", "10.0.0.7",
      ])
    let command = InteractiveSSH.arguments(
      for: Self.target, knownHosts: "/k", identityFiles: [], command: ["ls", "a b"])
    #expect(command.suffix(4) == ["-T", "--", "10.0.0.7", "ls 'a b'"])
    #expect(InteractiveSSH.knownHosts(for: Self.target) == "web ssh-ed25519 AAAA\n")
  }

  @Test(arguments: [true, false])
  func theSystemsSSHTakesThem(_ isPinned: Bool) async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    var target = server.target()
    if !isPinned { target.pins = [try #require(HostKey.parse(try SSHKeyPair.generate().publicKey))] }
    let shell = LocalShell(
      directory: server.directory, environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"], jobs: "/nonexistent")
    for (name, text) in [("key", server.loginKey.privateKey), ("known hosts", InteractiveSSH.knownHosts(for: target))] {
      _ = try await shell.put(
        FileUpload(contents: .bytes(Array(text.utf8)), destination: name, mode: 0o600, owner: nil))
    }
    let words = InteractiveSSH.arguments(
      for: target, knownHosts: server.directory.appending("known hosts"),
      identityFiles: [server.directory.appending("key")],
      command: ["echo", "a  b"])
    let output = OutputRecorder()
    let status = try await shell.run(
      ShellCommand(["ssh"] + words).description, timeout: .seconds(30), output: output.handler)
    #expect(status == (isPinned ? .exited(0) : .exited(255)))
    #expect(output.standardOutput == (isPinned ? "a  b\n" : ""))
  }
}

import Foundation
import StackMake
import Support
import Synchronization
import SystemPackage
import Targets
import Testing

/// The pack's own script on lines as stack.sh says them.
@Suite(.timeLimit(.minutes(2))) struct DevStackPhasesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// Of local.conf.
    var settings: String
    /// What stack.sh says behind its time.
    var said: [String]
    /// What is read of it: `number/of name` of a phase, else the line.
    var read: [String]
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "a controller without networks",
      settings: """
        NEUTRON_CREATE_INITIAL_NETWORKS=False
        disable_all_services
        enable_service mysql rabbit key g-api placement-api placement-client n-api n-cond n-sch neutron q-svc\u{20}
        """,
      said: [
        "stack.sh log /opt/stack/logs/stack.sh.log.2026-11-28-164512", "Installing package prerequisites",
        "Starting RabbitMQ", "Installing OpenStack project source", "Configuring and starting MySQL",
        "Starting Keystone", "Configuring Glance", "Configuring Neutron", "Configuring placement", "Configuring Nova",
        "Starting Nova API", "Starting Neutron", "Starting Placement", "Starting Nova", "Starting Glance",
        "Uploading images",
        "SKIPPING Cell setup because n-cpu is not enabled. You will have to do this manually before you have a working environment.",
        "stack.sh completed in 301 seconds.",
      ],
      read: [
        "stack.sh log /opt/stack/logs/stack.sh.log.2026-11-28-164512", "1/15 Installing package prerequisites",
        "2/15 Starting RabbitMQ", "3/15 Installing OpenStack project source", "4/15 Configuring and starting MySQL",
        "5/15 Starting Keystone", "6/15 Configuring Glance", "7/15 Configuring Neutron", "8/15 Configuring placement",
        "9/15 Configuring Nova", "10/15 Starting Nova API", "11/15 Starting Neutron", "12/15 Starting Placement",
        "13/15 Starting Nova", "14/15 Starting Glance", "15/15 Uploading images",
        "SKIPPING Cell setup because n-cpu is not enabled. You will have to do this manually before you have a working environment.",
        "stack.sh completed in 301 seconds.",
      ]),
    Case(
      name: "a compute with OVN",
      settings: """
        disable_all_services
        enable_service n-cpu placement-client ovn-controller ovs-vswitchd ovsdb-server q-ovn-agent
        """,
      said: [
        "Installing package prerequisites", "Installing OpenStack project source", "Configuring Neutron",
        "Configuring Nova", "Starting OVN services", "Starting Nova",
      ],
      read: [
        "1/6 Installing package prerequisites", "2/6 Installing OpenStack project source", "3/6 Configuring Neutron",
        "4/6 Configuring Nova", "5/6 Starting OVN services", "6/6 Starting Nova",
      ]),
    Case(
      name: "all that the user adds and takes away, and lines of a plugin's",
      settings: """
        disable_all_services
        enable_service n-cpu horizon,c-vol
        disable_service horizon
        enable_service s-proxy
        """,
      said: [
        "Configuring Horizon", "Configuring Swift", "Configuring Cinder", "Starting Cinder", "* | Starting Nova", "",
        "*",
        "a[$(touch here)] | b",
      ],
      read: [
        "Configuring Horizon", "3/8 Configuring Swift", "4/8 Configuring Cinder", "8/8 Starting Cinder",
        "* | Starting Nova", "", "*", "a[$(touch here)] | b",
      ]),
  ]

  private func run(_ test: Case, stack script: String) async throws -> (status: Targets.ExitStatus, lines: [String]) {
    let scratch = try ScratchDirectory()
    let devstack = "\(scratch.path)/devstack"
    try FileManager.default.createDirectory(atPath: devstack, withIntermediateDirectories: true)
    try Data("[[local|localrc]]\n\(test.settings)\n".utf8).write(to: URL(filePath: "\(devstack)/local.conf"))
    let said = test.said.map { "2026-11-28 16:45:12.482 | \($0)\n" }.joined()
    try Data(said.utf8).write(to: URL(filePath: "\(devstack)/said"))
    try Data("#!/bin/bash\n\(script)\n".utf8).write(to: URL(filePath: "\(devstack)/stack.sh"))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(devstack)/stack.sh")
    let file = try #require(Packs.builtIn.file("run-stack", in: "devstack"))
    try Data(file.bytes).write(to: URL(filePath: "\(scratch.path)/run-stack"))

    let output = Mutex<[UInt8]>([])
    let shell = LocalShell(
      directory: scratch.path, environment: ["PATH": "/usr/bin:/bin"], jobs: scratch.path.appending("jobs"))
    // As the pack runs it: what holds the output open for ever holds up no job.
    let job = RemoteJob(id: "stack", script: "bash ./run-stack '\(scratch.path)'", timeout: nil)
    let end = try await shell.job(job, from: 0) { stream, bytes in
      if stream == .standardOutput { output.withLock { $0 += bytes } }
    }
    guard case .ended(let status, _) = end else {
      Issue.record("it ended as \(end)")
      return (.exited(-1), [])
    }
    let text = String(decoding: output.withLock { $0 }, as: UTF8.self)
    #expect(!FileManager.default.fileExists(atPath: "\(devstack)/here"))
    return (status, text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init))
  }

  private static func read(_ line: String) -> String {
    guard let phase = Phase(line: line) else {
      let parts = line.split(separator: " | ", maxSplits: 1, omittingEmptySubsequences: false)
      return String(parts.last ?? "")
    }
    return "\(phase.number ?? 0)/\(phase.count ?? 0) \(phase.name)"
  }

  @Test(arguments: cases) func partsAreReadAsPhases(_ test: Case) async throws {
    let (status, lines) = try await run(test, stack: "cat said")
    #expect(status.isSuccess)
    #expect(lines.map(Self.read) == test.read)
    #expect(lines.allSatisfy { line in Phase(line: line).map { $0.at != nil } ?? true })
  }

  @Test func aFailureIsToldWithWhatItSaidLast() async throws {
    var test = Self.cases[1]
    test.said = Array(test.said.prefix(2))
    let (status, lines) = try await run(test, stack: "cat said; echo 'no space left' >../logs/stack.sh.log; exit 9")
    #expect(status == .exited(9))
    #expect(lines.prefix(2).map(Self.read) == Array(test.read.prefix(2)))
    #expect(lines.dropFirst(2).first?.hasPrefix("stack.sh ended with status 9. The end of ") == true)
    #expect(lines.contains("no space left"))
  }

  /// What stack.sh leaves behind holds its output open for ever: nobody waits for it.
  @Test func whatIsLeftBehindIsNotWaitedFor() async throws {
    let (status, lines) = try await run(Self.cases[1], stack: "cat said; sleep 60 2>/dev/null & exit 0")
    #expect(status.isSuccess)
    #expect(lines.map(Self.read) == Self.cases[1].read)
  }
}

import Glibc
import Support
import SystemPackage
import Testing

@testable import Targets

@Suite(.timeLimit(.minutes(3)))
struct RemoteJobTests {
  @Test func startsOnceForTwentyStarters() async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    // A connection for each: twenty stackmakes on twenty hosts.
    let shells = (0..<20).map { _ in SSHShell(server.target()) }
    let job = RemoteJob(id: "race", script: "echo ran >>count; sleep 0.5; echo done", timeout: nil)
    let ends = try await withThrowingTaskGroup(of: JobEnd.self) { group in
      for shell in shells {
        group.addTask {
          let output = OutputRecorder()
          let end = try await shell.job(job, from: 0, output: output.handler)
          #expect(output.standardOutput == "done\n")
          return end
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(contents(of: server.home.appending("count")) == "ran\n")
    #expect(ends.count { $0 == .ended(.exited(0), attached: false) } == 1)
    #expect(ends.count { $0 == .ended(.exited(0), attached: true) } == 19)
    for shell in shells { await shell.close() }
  }

  /// Starters and supervisors are killed at random instants, and started again, until one gets through.
  @Test func runsAtMostOnceWhereverStartersDie() async throws {
    try await withShell { server, shell in
      var claimed = 0
      for round in 0..<12 {
        let id = "kill-\(round)"
        let killers = 4
        await withTaskGroup(of: Void.self) { group in
          for index in 0..<killers {
            let delay = Int.random(in: 0...120)
            group.addTask {
              let job = RemoteJob(id: id, script: "echo ran >>count-\(round)", timeout: nil)
              let token = "t\(round)x\(index)"
              let command = JobScript.startAndFollow(
                job, at: ScriptPlace(usesUnits: false), token: token, size: job.script.utf8.count, offset: 0)
              // The starter and its supervisor carry the token on their command lines: both are killed.
              let script = """
                printf %s \(ShellCommand.quoted(job.script)) | sh -c \(ShellCommand.quoted(command)) >/dev/null 2>&1 &
                sleep 0.\(String(1000 + delay).dropFirst())
                for file in $(grep -lzx -- \(token) /proc/[0-9]*/cmdline 2>/dev/null); do
                  id=${file#/proc/}
                  kill -9 "${id%/cmdline}" || :
                done 2>/dev/null
                """
              _ = try? await shell.run(script, timeout: .seconds(30)) { _, _ in }
            }
          }
        }
        let job = RemoteJob(id: id, script: "echo ran >>count-\(round)", timeout: nil)
        let end = try await shell.job(job, from: 0) { _, _ in }
        let count = contents(of: server.home.appending("count-\(round)")) ?? ""
        switch end {
        case .ended(let status, _):
          #expect(status == .exited(0))
          #expect(count == "ran\n")
        case .lost:
          claimed += 1
          #expect(count == "ran\n" || count == "")
        }
      }
      #expect(claimed < 12, "no round got through, so that nothing was shown")
    }
  }

  @Test func goesOnWhenTheConnectionIsCut() async throws {
    try await withShell { server, shell in
      let output = OutputRecorder()
      let script = "for i in {1..3000}; do echo line $i; [ $((i % 100)) != 0 ] || sleep 0.1; done; exit 4"
      let job = RemoteJob(id: "cut", script: script, timeout: nil)
      let task = Task { try await shell.job(job, from: 0, output: output.handler) }
      for part in 1...4 {
        try await eventually { output.standardOutput.contains("line \(part * 500)\n") }
        server.cutConnections()
      }
      let end = try await task.value
      #expect(end == .ended(.exited(4), attached: false))
      #expect(output.standardOutput == (1...3000).map { "line \($0)\n" }.joined())
    }
  }

  @Test func tellsThatItsSupervisorWasKilled() async throws {
    try await withShell { server, shell in
      let job = RemoteJob(id: "lost", script: "echo $$ >process; sleep 4320", timeout: nil)
      let task = Task { try await shell.job(job, from: 0) { _, _ in } }
      let process = try await pid(in: server.home.appending("process"))
      let started = try #require(contents(of: server.home.appending(".stackmake/jobs/lost/started")))
      let supervisor = try #require(pid_t(started.split(separator: "\n")[2]))
      kill(supervisor, SIGKILL)
      // Who waits for the script holds the lock, too: nothing is lost while it runs.
      let running = try await shell.jobState("lost")
      #expect(running == .running)
      kill(process, SIGKILL)
      let end = try await task.value
      #expect(end == .lost("its supervisor was killed"))
      let again = try await shell.job(job, from: 0) { _, _ in }
      #expect(again == .lost("its supervisor was killed"))
    }
  }

  @Test func tellsThatTheMachineWasBooted() async throws {
    try await withShell { server, shell in
      let script =
        "mkdir -p .stackmake/jobs/old; cd .stackmake/jobs/old; printf 'a\\nb\\n1\\n' >started; echo log >log; >lock"
      _ = try await status(of: script, on: shell)
      let output = OutputRecorder()
      let end = try await shell.job(
        RemoteJob(id: "old", script: "exit 0", timeout: nil), from: 0, output: output.handler)
      #expect(end == .lost("the machine was booted since"))
      #expect(output.standardOutput == "log\n")
    }
  }

  @Test func tellsHowAScriptEnded() async throws {
    try await withShell { _, shell in
      let cases: [(String, Targets.ExitStatus)] = [
        ("exit 143", .exited(143)), ("kill -KILL $$", .exited(137)),
        ("exit 0", .exited(0)), ("false; true", .exited(1)),
      ]
      for (index, (script, expected)) in cases.enumerated() {
        let end = try await shell.job(RemoteJob(id: "end-\(index)", script: script, timeout: nil), from: 0) { _, _ in }
        #expect(end == .ended(expected, attached: false), "\(script)")
      }
    }
  }

  @Test func leavesNoScriptOnTheServer() async throws {
    try await withShell { server, shell in
      let job = RemoteJob(
        id: "secret", script: "ls .stackmake/jobs/secret; pwd; umask; echo ${SSH_CONNECTION-none}", timeout: nil)
      let output = OutputRecorder()
      _ = try await shell.job(job, from: 0, output: output.handler)
      #expect(output.standardOutput == "lock\nlog\nprocess\nstarted\nstatus.partial\n\(server.home)\n0022\nnone\n")
    }
  }
}

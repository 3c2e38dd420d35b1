import FoundationEssentials
import Glibc
import Support
import SystemPackage
import Targets
import Testing

@Suite(.timeLimit(.minutes(5)))
struct RemoteContractTests {
  @Test(arguments: ShellContract.Check.allCases)
  func fake(_ check: ShellContract.Check) async throws {
    let shell = FakeShell()
    ShellContract.prepare(shell)
    try await ShellContract(shell).verify(check)
  }

  @Test(arguments: ShellContract.Check.allCases)
  func local(_ check: ShellContract.Check) async throws {
    var template = Array("/tmp/stackmake-local-XXXXXX".utf8CString)
    let directory = FilePath(String(cString: try #require(mkdtemp(&template))))
    defer { try? FileManager.default.removeItem(atPath: directory.string) }
    let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": directory.string]
    let shell = LocalShell(directory: directory, environment: environment, jobs: directory.appending("jobs"))
    try await ShellContract(shell).verify(check)
  }

  @Test(arguments: ShellContract.Check.allCases)
  func ssh(_ check: ShellContract.Check) async throws {
    let server = try TestSSHServer.start()
    defer { server.stop() }
    let shell = SSHShell(server.target())
    do {
      try await ShellContract(shell).verify(check)
    } catch {
      await shell.close()
      throw error
    }
    await shell.close()
  }
}

package import StackMake
import Synchronization
package import Targets

/// Shells that only pretend: one for each place, and one for this machine.
package final class FakeShells: ShellProvider {
  private let shells = Mutex<[String: FakeShell]>([:])
  private let local = FakeShell(host: "here")

  package init() {}

  package var here: any Shell { local }
  package func shell(at site: StepSite) throws(ShellError) -> any Shell { shell(of: site.name) }
  package func close(server: String) async {}
  package func close() async {}

  /// The shell of a place, for a test to set up or to read.
  package func shell(of place: String) -> FakeShell {
    shells.withLock { shells in
      if let known = shells[place] { return known }
      let made = FakeShell(host: place)
      shells[place] = made
      return made
    }
  }
}

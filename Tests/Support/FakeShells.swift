package import StackMake
import Synchronization
package import Targets

/// Shells that only pretend: one for each place, and one for this machine.
package final class FakeShells: ShellProvider {
  private let shells = Mutex<[String: FakeShell]>([:])
  private let refusal = Mutex<(@Sendable () -> String?)?>(nil)
  private let local = FakeShell(host: "here")

  package init() {}

  package var here: any Shell { local }
  package func shell(at site: StepSite) throws(ShellError) -> any Shell { shell(of: site.name) }
  package func refusal(address: String, port: UInt16) async -> String? { refusal.withLock { $0 }?() }
  package func close(server: String) async {}
  package func close() async {}

  /// Attempts to connect get this from now on.
  package func answer(_ refusal: @escaping @Sendable () -> String?) { self.refusal.withLock { $0 = refusal } }

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

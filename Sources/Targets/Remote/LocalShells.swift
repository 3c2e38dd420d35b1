package import StackMake

/// Shells for a Stackfile without servers: this machine's alone.
package struct LocalShells: ShellProvider {
  package let here: any Shell

  package init(here: any Shell) { self.here = here }

  package func shell(at site: StepSite) throws(ShellError) -> any Shell {
    throw ShellError(.failed, host: site.name, operation: "connect", cause: "there are no servers")
  }

  package func close() async { await here.close() }
}

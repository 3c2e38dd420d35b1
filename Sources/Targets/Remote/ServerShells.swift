package import StackMake
import Synchronization

/// Shells of the cluster's servers over SSH, and this machine's. One connection for each server and user, kept.
package final class ServerShells: ShellProvider {
  package let here: any Shell
  private let identities: [SSHTarget.Identity]
  private let connectLimit: Duration
  /// By server: a key that only it is logged in to with.
  private let keys: [String: SSHTarget.Identity]
  private let shells = Mutex<[SSHTarget: SSHShell]>([:])

  /// - Parameters:
  ///   - identities: what to log in with; the cluster's own key first.
  ///   - connectLimit: how long to try to connect; five minutes at most.
  ///   - keys: by server, what is tried before all these.
  package init(
    here: any Shell, identities: [SSHTarget.Identity], connectLimit: Duration = .seconds(300),
    keys: [String: SSHTarget.Identity] = [:]
  ) {
    self.here = here
    self.keys = keys
    self.identities = identities
    self.connectLimit = min(connectLimit, .seconds(300))
  }

  package func shell(at site: StepSite) throws(ShellError) -> any Shell {
    let target = try target(of: site)
    return shells.withLock { shells in
      if let known = shells[target] { return known }
      let made = SSHShell(target)
      shells[target] = made
      return made
    }
  }

  /// Where and as whom to log in at a place.
  package func target(of site: StepSite) throws(ShellError) -> SSHTarget {
    guard let outputs = ServerOutputs(site.outputs) else {
      throw ShellError(
        .failed, host: site.name, operation: "connect", cause: "nothing is on record of how to reach it",
        hint: "`stackmake server/\(site.name)` builds it")
    }
    return SSHTarget(
      host: site.name, address: outputs.ip, port: outputs.port, user: site.user,
      identities: (keys[site.name].map { [$0] } ?? []) + identities, pins: outputs.hostKeys,
      pinOrigin: outputs.trust.pinOrigin, connectLimit: connectLimit)
  }

  package func refusal(address: String, port: UInt16) async -> String? {
    await TCPDialer.refusal(address: address, port: port)
  }

  package func close(server: String) async {
    let all = shells.withLock { shells in
      let own = shells.filter { $0.key.host == server }
      for target in own.keys { shells[target] = nil }
      return Array(own.values)
    }
    for shell in all { await shell.close() }
  }

  package func close() async {
    let all = shells.withLock { shells in
      defer { shells = [:] }
      return Array(shells.values)
    }
    await withDiscardingTaskGroup { group in
      for shell in all { group.addTask { await shell.close() } }
    }
    await here.close()
  }
}

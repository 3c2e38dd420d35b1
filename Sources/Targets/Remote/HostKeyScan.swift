import Glibc

/// Asks a server for its host key. Nothing shows that it is the right server: for first use only.
package enum HostKeyScan {
  /// The key, once the server answers; tried again for as long as `limit` says.
  package static func key(
    of host: String, address: String, port: UInt16 = 22, limit: Duration
  ) async throws(ShellError) -> HostKey {
    let target = SSHTarget(host: host, address: address, port: port, user: "nobody", identities: [], pins: [])
    let result: Result<HostKey, ShellError>
    do throws(OwnThreadError) {
      result = try await OwnThread.run { scan(target, limit) }
    } catch {
      throw ShellError(.failed, host: host, operation: "read its host key", cause: error.text)
    }
    return try result.get()
  }

  private static func scan(_ target: SSHTarget, _ limit: Duration) -> Result<HostKey, ShellError> {
    let end = ContinuousClock.now + limit
    while true {
      do throws(SSHFailure) {
        return .success(try offeredKey(target))
      } catch {
        var cause = "nobody answers"
        if case .final(let error) = error { return .failure(error) }
        if case .unreachable(let text) = error { cause = text }
        guard ContinuousClock.now < end else {
          return .failure(
            ShellError(.unreachable, host: target.host, operation: "connect to \(target.address)", cause: cause))
        }
        _ = poll(nil, 0, 500)
      }
    }
  }

  /// The host key that a server shows, whoever it is: connects, and goes.
  private static func offeredKey(_ target: SSHTarget) throws(SSHFailure) -> HostKey {
    let addresses = try SocketAddress.resolve(target.address, port: target.port, isNumeric: false).get()
    let algorithms = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"]
    let handshake = SSHHandshake(target, algorithms: algorithms, addresses: addresses)
    while try !handshake.advance() {
      handshake.socket?.wait(isWriting: handshake.isWriting, until: handshake.deadline)
    }
    return try handshake.offeredKey()
  }
}

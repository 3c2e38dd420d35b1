/// Whether and when to try again to connect, from when a connection is needed.
struct ConnectAttempts {
  enum Next {
    case pause(Duration)
    case give(ShellError)
  }

  private let begin = ContinuousClock.now
  private var firstRefusalAt: ContinuousClock.Instant?
  private var pause = Duration.milliseconds(200)

  mutating func next(after failure: SSHFailure, _ target: SSHTarget) -> Next {
    switch failure {
    case .final(let error): return .give(error)
    case .unreachable(let reason):
      if ContinuousClock.now - begin >= target.connectLimit { return .give(Self.unreachable(target, reason)) }
    case .authentication(let reason):
      let first = firstRefusalAt ?? .now
      firstRefusalAt = first
      if ContinuousClock.now - first >= target.authenticationLimit { return .give(Self.refused(target, reason)) }
    }
    defer { pause = min(pause * 1.5, .seconds(3)) }
    return .pause(pause)
  }

  private static func unreachable(_ target: SSHTarget, _ reason: String) -> ShellError {
    ShellError(
      .unreachable, host: target.host, operation: "connect to \(target.address) port \(target.port)",
      cause: "\(reason) (tried for \(target.connectLimit.components.seconds) seconds)",
      hint: "look at the machine's console, and whether its network lets port \(target.port) through")
  }

  private static func refused(_ target: SSHTarget, _ reason: String) -> ShellError {
    ShellError(
      .authentication, host: target.host, operation: "log in as \(target.user)", cause: reason,
      hint: "first-boot set-up may have failed to install the key: look at the machine's console")
  }
}

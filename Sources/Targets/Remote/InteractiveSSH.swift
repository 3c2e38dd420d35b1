package import SystemPackage

/// The command line of the system's `ssh` for a server of the cluster.
package enum InteractiveSSH {
  /// The words after `ssh`. Reads no configuration of the user's, believes only `knownHosts`, and logs in with the keys
  /// given.
  /// - knownHosts: a file with the text of `knownHosts(for:)`.
  /// - command: none for a login shell; else one word a word, which the remote shell sees as they are.
  package static func arguments(
    for target: SSHTarget, knownHosts: FilePath, identityFiles: [FilePath], command: [String]
  )
    -> [String]
  {
    var words = ["-F", "none", "-l", target.user, "-p", String(target.port)]
    func option(_ name: String, _ value: String) { words += ["-o", "\(name)=\(value)"] }
    option("StrictHostKeyChecking", "yes")
    option("UserKnownHostsFile", quotedForConfiguration(knownHosts.string))
    option("GlobalKnownHostsFile", "none")
    option("UpdateHostKeys", "no")
    option("HostKeyAlias", target.host)
    option("HostKeyAlgorithms", target.pins.map(\.algorithms).joined(separator: ","))
    option("PreferredAuthentications", "publickey")
    option("PasswordAuthentication", "no")
    option("ServerAliveInterval", "15")
    let socket = target.identities.compactMap { if case .agent(let socket) = $0 { socket } else { nil } }.first
    option("IdentityAgent", socket.map(quotedForConfiguration) ?? "none")
    if socket == nil { option("IdentitiesOnly", "yes") }
    for file in identityFiles { words += ["-i", file.string] }
    if !command.isEmpty { words.append("-T") }
    words += ["--", target.address]
    if !command.isEmpty { words.append(ShellCommand(command).description) }
    return words
  }

  /// The contents of the known_hosts file.
  package static func knownHosts(for target: SSHTarget) -> String {
    target.pins.map { $0.knownHostsLine(for: target.host) + "\n" }.joined()
  }

  /// `ssh` splits the values of these options at spaces and expands `%`.
  private static func quotedForConfiguration(_ value: String) -> String {
    var text = ""
    for character in value {
      switch character {
      case "%": text += "%%"
      case "\"", "\\": text += "\\\(character)"
      default: text.append(character)
      }
    }
    return text.contains(" ") ? "\"\(text)\"" : text
  }
}

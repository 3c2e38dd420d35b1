/// The `#cloud-config` that every server of a cluster boots with, whichever cloud it is in: one user with a key and no
/// password, fresh SSH host keys, a host name, and nothing that takes time or needs the network.
package enum UserData {
  /// The whole text. `authorizedKeys` are lines as in authorized_keys. Any text is safe: every value is quoted.
  /// `hostKey` is the only host key that it gets; without one it makes its own. `bootLine` is written to the console once for each new disk, before host keys are shown on it.
  package static func text(
    user: String, hostname: String, authorizedKeys: [String], bootLine: String? = nil,
    hostKey: SSHKeyPair? = nil
  ) -> String {
    var lines = [
      "#cloud-config",
      "hostname: \(quoted(hostname))",
      "preserve_hostname: false",
      "manage_etc_hosts: localhost",
      "disable_root: true",
      "ssh_pwauth: false",
      "ssh_deletekeys: true",
      "ssh_genkeytypes: [ed25519, ecdsa]",
      "package_update: false",
      "package_upgrade: false",
      "users:",
      "  - name: \(quoted(user))",
      "    shell: /bin/bash",
      "    lock_passwd: true",
      "    sudo: \(quoted("ALL=(ALL) NOPASSWD:ALL"))",
    ]
    if authorizedKeys.isEmpty {
      lines.append("    ssh_authorized_keys: []")
    } else {
      lines.append("    ssh_authorized_keys:")
      lines += authorizedKeys.map { "      - \(quoted($0))" }
    }
    if let hostKey {
      lines.append("ssh_keys:")
      lines.append("  ed25519_private: \(quoted(hostKey.privateKey))")
      lines.append("  ed25519_public: \(quoted(hostKey.publicKey))")
    }
    if let bootLine {
      let script = "echo '\(bootLine)' >/dev/console"
      lines.append("bootcmd:")
      lines.append("  - [cloud-init-per, instance, stackmake-boot, sh, -c, \(quoted(script))]")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The boot line of a machine: host keys that the console shows above it are those of an earlier disk.
  package static func bootLine(_ tag: MachineTag) -> String {
    "stackmake: first boot of \(tag.server), generation \(tag.generation), cluster \(tag.cluster)"
  }

  /// A YAML scalar in double quotes, which holds any text on one line.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      // YAML takes neither control characters nor its own line separators as they are.
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += escaped(scalar, 2, "x")
      case "\u{2028}", "\u{2029}", "\u{FEFF}": result += escaped(scalar, 4, "u")
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func escaped(_ scalar: Unicode.Scalar, _ digits: Int, _ letter: String) -> String {
    let hex = String(scalar.value, radix: 16)
    return "\\" + letter + String(repeating: "0", count: digits - hex.count) + hex
  }
}

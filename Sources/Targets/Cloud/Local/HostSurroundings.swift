import StackMake

/// How this host reaches the outside, read from its files, and what of it a machine needs so that apt and pip work there.
struct HostSurroundings: Sendable, Hashable {
  /// Contents of the host's files; "" where there is none.
  var resolvConf = ""
  /// `/run/systemd/resolve/resolv.conf`: the servers behind systemd-resolved's own address.
  var uplinkResolvConf = ""
  var hosts = ""
  /// What `apt-config dump` says.
  var aptConfig = ""
  var pipConf = ""
  /// `/usr/local/share/ca-certificates/*.crt` by name.
  var certificates: [String: String] = [:]
  /// Proxy variables of the environment.
  var proxies: [String: String] = [:]

  static let proxyNames = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"]

  /// Files of a base image by their path in it: what the host needs to reach the outside, its machines need, too.
  var imageFiles: [String: String] {
    var files: [String: String] = [
      "etc/cloud/cloud.cfg.d/90-stackmake.cfg": """
      datasource_list: [ NoCloud ]
      network: {config: disabled}
      locale: C.UTF-8

      """,
      // What cloud-init would write for `ssh_pwauth: false`, and restart sshd for, in the middle of the first login.
      "etc/ssh/sshd_config.d/50-cloud-init.conf": "PasswordAuthentication no\n",
      "etc/default/locale": "LANG=C.UTF-8\n",
      "etc/apt/apt.conf.d/90stackmake": aptSettings,
    ]
    if !pipConf.isEmpty { files["etc/pip.conf"] = pipConf }
    for (name, text) in certificates { files["usr/local/share/ca-certificates/\(name)"] = text }
    if !proxies.isEmpty {
      files["etc/environment"] = proxies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
    }
    return files
  }

  /// Changes when `imageFiles` does.
  var fingerprint: Fingerprint {
    Fingerprint(of: imageFiles.sorted { $0.key < $1.key }.map { "\($0.key)\n\($0.value)\u{0}" }.joined())
  }

  /// Of apt's settings those that say how the mirror is reached and how old it may be.
  var aptSettings: String {
    let wanted = ["Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries", "Acquire::Languages"]
    let kept = aptConfig.split(separator: "\n").filter { line in
      wanted.contains { line.lowercased().hasPrefix($0.lowercased()) } && !line.contains("\"\"")
        // A program of the host, which isn't in the machine.
        && !line.lowercased().contains("proxy-auto-detect") && !line.lowercased().contains("proxyautodetect")
    }
    return kept.map { "\($0)\n" }.joined()
  }

  /// The resolv.conf of a machine: without name servers that only the host itself can ask. Nil where none is left.
  var machineResolvConf: String? {
    for text in [resolvConf, uplinkResolvConf] {
      let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      let usable = lines.filter { line in
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.first == "nameserver" else { return true }
        return words.count > 1 && !words[1].hasPrefix("127.") && words[1] != "::1"
      }
      if usable.contains(where: { $0.hasPrefix("nameserver") }) {
        return usable.map { "\($0)\n" }.joined()
      }
    }
    return nil
  }

  /// Lines of the host's /etc/hosts that name one of `names`, where a machine can reach the address.
  func hostsLines(naming names: Set<String>) -> [String] {
    hosts.split(separator: "\n").filter { line in
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let address = words.first, !address.hasPrefix("127."), address != "::1" else { return false }
      return words.dropFirst().contains { names.contains(String($0)) }
    }.map(String.init)
  }
}
